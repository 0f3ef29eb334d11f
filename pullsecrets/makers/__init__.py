"""Secrets that other programs make: what is known of them before they exist.

A SealedSecret, an ExternalSecret, a Secret that SOPS encrypted and their like say that a Secret of
some name will be there. `table` has where each kind writes its name and type, `templates` reads
which entries a template leaves readable, `copies` knows the programs that copy Secrets between
namespaces. All of them give `MadeSecret`.
"""
