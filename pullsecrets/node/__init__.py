"""What a node adds to the pod's secrets, by the minor version of Kubernetes that it runs.

`versions` is the table of what differs, `files` finds the node's own docker config,
`provider_config` reads which credential provider plugins a kubelet has, `providers` tells which of
them it asks for an image, `answers` what it makes of what they say. `node` puts them together for
the keyring.
"""
