-- Codes people say aloud: N-0001 an application, K-0001 a pick-up, F-0001 a report of a fault.
CREATE SEQUENCE enrolment_code_seq;
CREATE SEQUENCE pickup_code_seq;
CREATE SEQUENCE fault_code_seq;
