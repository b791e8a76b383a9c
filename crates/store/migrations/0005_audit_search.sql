-- All entries but those of model calls, in order: what an auditor looks for is mostly among them, and reading past the
-- calls would be reading nearly the whole log. Calls themselves are found through their own table or by reading windows
-- of the log: see entries_by_session.
CREATE INDEX entries_but_calls ON entries (position, type)
    WHERE type <> 'call.reserved' AND type <> 'call.settled';
