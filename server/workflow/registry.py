"""All state machines, for the database, the desk and the diagrams."""

from server.accidents.machine import ACCIDENT
from server.enrolments.machine import ENROLMENT, NOTICE
from server.exchange.machine import MEETING, POST
from server.faults.machine import FAULT
from server.helpcalls.machine import HELP_CALL
from server.loans.machine import LOAN
from server.pickups.machine import PICKUP
from server.signs.machine import SIGN
from server.successions.machine import SUCCESSION
from server.supplies.machine import SUPPLY
from server.workflow.machine import Machine

MACHINES: dict[str, Machine] = {
    machine.name: machine
    for machine in (
        ENROLMENT, NOTICE, SUCCESSION, SUPPLY, LOAN, SIGN, PICKUP, FAULT, ACCIDENT, POST, MEETING,
        HELP_CALL,
    )
}  # fmt: skip
