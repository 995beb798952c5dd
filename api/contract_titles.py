"""What is refused of a revenue contract, and what each refusal says to a person."""

OF_CONTRACTS = {
    "already-terminated": "The contract is already terminated.",
    "combined-already": "The contract has joined another already.",
    "combined-customers-differ": "The contracts are with different customers.",
    "combined-in-a-circle": "The other contract has joined this one, directly or through others.",
    "combined-terms-differ": (
        "The contracts may not be left alike, or one says what must be delivered before anything "
        "is due."
    ),
    "combined-with-itself": "A contract does not join itself.",
    "contract-already-open": "The contract is already open.",
    "contract-not-open": "The contract is not open.",
    "criteria-already-met": "The contract is one already.",
    "criteria-not-met": "One of the two is no contract yet.",
    "duplicate-obligation": "An obligation is named twice.",
    "duplicate-variable": "A variable amount is named twice.",
    "empty-range": "The highest observed price is below the lowest.",
    "judgement-needs-a-reason": "Another treatment than the rule gives says why, and only that.",
    "missing-percent": "A percentage of a base says which.",
    "missing-quantity": "What is counted, or priced per unit, says how many.",
    "missing-until": "An advance bears interest until a day.",
    "negative-ssp": "A stand-alone selling price is not negative.",
    "no-instalments": "Payment in arrears has instalments, or one day.",
    "no-obligations": "A contract has at least one obligation.",
    "not-point-in-time": "What is earned over time is not satisfied at one moment.",
    "outcomes-do-not-add-up": "The chances of the outcomes do not add up to one.",
    "paid-in-two-ways": "Payment in arrears is in instalments or in one sum.",
    "percent-or-costs": "Progress is a percentage or costs incurred, one of them.",
    "priced-by-itself": (
        "What is priced by its invoices, by what is reported or unit by unit shares no price."
    ),
    "said-in-two-ways": "One thing is said in two ways, of which one would be lost.",
    "priced-twice": "A promise has its price stated in more than one way.",
    "probability-out-of-range": "A chance is from 0 to 1.",
    "quantity-not-positive": "A quantity is above nothing.",
    "quantity-of-units-only": (
        "Only what is promised in units is transferred by the unit, and always."
    ),
    "ratable-without-term": "What is earned over time needs a service period.",
    "refund-of-what-is-billed": "What was billed is owed, and a refund is stated beside it.",
    "refund-above-price": "More is refunded than the price.",
    "refundable-without-notice": (
        "Only a contract that can be left gives back what was charged beyond the notice."
    ),
    "renewals-at-inception": (
        "Renewals are looked through when a contract opens, and not changed after."
    ),
    "separate-changes-nothing-else": (
        "A contract of its own leaves what was promised before as it is."
    ),
    "ssp-said-in-part": "A list price and the share of it go together.",
    "ssp-said-twice": "A stand-alone selling price is said in more than one way.",
    "transferred-otherwise": "The promise is transferred in another way than is said of it.",
    "unknown-milestone": "The promise has no such milestone.",
    "unknown-obligation": "The contract has no such obligation.",
}
