"""How fast Herdbook is, measured beside what it cannot beat: the parts that it is made of, and other services."""
