"""Parameters of the tracker "lwl": the defaults, and what each other set changes in them."""
