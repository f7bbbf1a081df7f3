"""Other people's predictions and labels to a ranked review.

:mod:`~rdfer.auditing.audit` ranks (its function is ``rdfer.audit``) into a
:mod:`~rdfer.auditing.sheet`; :mod:`~rdfer.auditing.input` and :mod:`~rdfer.auditing.match` read
files; :mod:`~rdfer.auditing.page` and ``page.html`` show the sheet, with
:mod:`~rdfer.auditing.frames` of the videos.
"""
