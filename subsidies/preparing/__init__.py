"""Working out a batch: one county, one scheme, one month; in the database, set by set.

:mod:`periods` says which months are paid together, :mod:`covered` until when a right is paid; :mod:`facts` collects who is
due something, with a key of what decides the amount; :mod:`answers` asks the pure rules once per key;
:mod:`subsidies.recovery.corrections` compares earlier periods with what was delivered; :mod:`lines` writes the payments;
:mod:`anomalies` what an approver must be told; :mod:`service` runs them in one transaction. No step handles children one
by one.
"""
