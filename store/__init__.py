"""The log and its database: everything the other packages store or read goes through here."""
