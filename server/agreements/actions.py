"""What others call: prepare, confirm, conclude and continue an agreement."""

from server.agreements.concluding import conclude
from server.agreements.confirming import confirm, confirm_on_paper
from server.agreements.continuing import continue_agreement
from server.agreements.proposals import prepare

__all__ = ["conclude", "confirm", "confirm_on_paper", "continue_agreement", "prepare"]
