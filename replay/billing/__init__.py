"""The billing run: any number of subscriptions, account by account, in chunks."""
