"""Reading and applying imported files."""

from procrastinate import Blueprint

tasks = Blueprint()
