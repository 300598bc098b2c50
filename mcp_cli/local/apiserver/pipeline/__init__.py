"""The way of a write: the same steps in the same order for every resource.

`create`, `update` and `delete` run a `Write` through decoding, defaulting, the resource's strategy, admission,
validation and field tracking to the store. Admission plugins are entries of the lists in `admission`.
"""
