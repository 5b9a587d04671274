-- The steps of help calls; from nothing = birth. Same as server/helpcalls/machine.py (a test compares).
INSERT INTO workflow_edges (machine, from_state, to_state) VALUES
    ('help_call', '', 'open'),
    ('help_call', 'filled', 'cancelled'),
    ('help_call', 'filled', 'done'),
    ('help_call', 'filled', 'open'),
    ('help_call', 'open', 'cancelled'),
    ('help_call', 'open', 'done'),
    ('help_call', 'open', 'filled');
