"""The demonstration bank: a small real web application with parts that can be broken, and a switchboard to break and mend them."""

from statuspage.demo.bank.customers import CUSTOMERS, references
from statuspage.demo.bank.faults import FAULTS
from statuspage.demo.bank.run import RunningBank, running_bank, serve

__all__ = ["CUSTOMERS", "FAULTS", "RunningBank", "references", "running_bank", "serve"]
