"""Programs that render, and stand-ins for them that print what the real ones printed.

A test that takes `real` runs the real programs where they are on the PATH. What they made of
`REPOSITORY` is in `RECORDED`, which the stand-ins print, so that the same is tested without them.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
spec:
  template:
    spec:
      imagePullSecrets:
      - name: regcred
      containers:
      - image: quay.io/acme/api:1
        name: api
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: regcred
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: '{{"auths": {{"quay.io": {{"username": "{}", "password": "p"}}}}}}'
"""
TEMPLATE = """\
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-{{ .Values.tag }}
  namespace: {{ .Release.Namespace }}
spec:
  containers:
  - name: web
    image: quay.io/acme/web:{{ .Values.tag }}
"""

REPOSITORY = {
    "base/kustomization.yaml": "resources: [deployment.yaml]\n",
    "base/deployment.yaml": DEPLOYMENT,
    "overlays/dev/kustomization.yaml": ("namespace: dev\nresources: [../../base, regcred.yaml]\n"),
    "overlays/dev/regcred.yaml": SECRET.format("dev"),
    "overlays/prod/kustomization.yaml": (
        "namespace: prod\nresources: [../../base, regcred.yaml]\npatches: [{path: image.yaml, "
        "target: {kind: Deployment}}]\n"
    ),
    "overlays/prod/regcred.yaml": SECRET.format("prod"),
    "overlays/prod/image.yaml": (
        "- {op: replace, path: /spec/template/spec/containers/0/image, "
        "value: 'quay.io/acme/api:2'}\n"
    ),
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "charts/web/values.yaml": "tag: v1\n",
    "charts/web/templates/pod.yaml": TEMPLATE,
    "plain/deployment.yaml": DEPLOYMENT.replace("name: api\n", "name: plain\n", 1),
    "tools/config.yaml": "log: debug\n",
}

# What kustomize 5.7.1 printed for an overlay.
_OVERLAY = """\
apiVersion: v1
kind: Secret
metadata:
  name: regcred
  namespace: {name}
stringData:
  .dockerconfigjson: '{{"auths": {{"quay.io": {{"username": "{name}", "password": "p"}}}}}}'
type: kubernetes.io/dockerconfigjson
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  namespace: {name}
spec:
  template:
    spec:
      containers:
      - image: quay.io/acme/api:{tag}
        name: api
      imagePullSecrets:
      - name: regcred
"""

# And helm 3.22 for the chart. The keys are the names of the folders.
RECORDED = {
    "dev": _OVERLAY.format(name="dev", tag=1),
    "prod": _OVERLAY.format(name="prod", tag=2),
    "web": """\
---
# Source: web/templates/pod.yaml
apiVersion: v1
kind: Pod
metadata:
  name: web-v1
  namespace: default
spec:
  containers:
  - name: web
    image: quay.io/acme/web:v1
""",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files into a folder."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def stand_in(folder: Path, name: str, body: str = "") -> Path:
    """A program of that name: it notes how it is called, and prints what was recorded.

    Args:
        folder: The folder for it, to be put on the PATH.
        name: Its name.
        body: What it does instead, as Python.
    """
    folder.mkdir(exist_ok=True)
    calls = folder / "calls"
    printed = body or (
        "for each in reversed(sys.argv):\n"
        "    if (name := pathlib.PurePath(each).name) in recorded and '/' in each:\n"
        "        print(recorded[name], end='')\n"
        "        sys.exit()\n"
        "sys.exit('nothing is recorded')\n"
    )
    program = folder / name
    program.write_text(
        f"#!{sys.executable} -S\n"  # without site-packages: coverage would start with each
        "import json, os, pathlib, sys, time\n"
        f"recorded = json.loads({json.dumps(json.dumps(RECORDED))})\n"
        f"with open({str(calls)!r}, 'a') as calls:\n"
        "    print(json.dumps([sys.argv[1:], dict(os.environ)]), file=calls)\n"
        f"{printed}"
    )
    program.chmod(0o755)
    return program


def calls(folder: Path) -> list[tuple[list[str], dict[str, str]]]:
    """The arguments and the environments that the stand-ins were called with, sorted."""
    file = folder / "calls"
    lines = file.read_text().splitlines() if file.exists() else []
    return sorted((tuple(json.loads(line)) for line in lines), key=lambda call: call[0])


def real(*names: str) -> bool:
    """Whether the real programs are there."""
    return all(shutil.which(name) for name in names)
