"""A made-up GitOps repository: three clusters, each app in each of them, and all that lies around.

In such repositories most files are no manifests, and most objects are there several times: once for
each cluster, under the same name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

CLUSTERS = ("dev", "prod", "stage")

_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {app}, namespace: {app}}}
spec:
  selector: {{matchLabels: &labels {{app: {app}}}}}
  template:
    metadata: {{labels: *labels}}
    spec:
      imagePullSecrets: [{{name: regcred}}]
      containers: [{{name: {app}, image: "registry.example.com/{cluster}/{app}:1"}}]
"""
_CRON_JOB = """\
apiVersion: batch/v1
kind: CronJob
metadata: {{name: {app}-nightly, namespace: {app}}}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          imagePullSecrets: [{{name: regcred}}]
          containers: [{{name: job, image: "registry.example.com/{cluster}/{app}:1"}}]
"""
_SECRET = """\
apiVersion: v1
kind: Secret
metadata: {{name: regcred, namespace: {app}}}
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: '{config}'
"""
_EXTERNAL_SECRET = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {{name: {app}-db, namespace: {app}}}
spec:
  secretStoreRef: {{name: vault, kind: ClusterSecretStore}}
  target: {{name: {app}-db}}
  data: [{{secretKey: password, remoteRef: {{key: {cluster}/{app}}}}}]
"""
_HELM_RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: {app}, namespace: {app}}}
spec:
  chart: {{spec: {{chart: charts/{app}}}}}
  valuesFrom: [{{kind: ConfigMap, name: values}}]
"""
_TEMPLATE = """\
{{{{- if .Values.enabled }}}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{{{ include "{app}.fullname" . }}}}
  labels: {{{{- include "{app}.labels" . | nindent 4 }}}}
spec:
  replicas: {{{{ .Values.replicas }}}}
{{{{- end }}}}
"""
_STACK = """\
# CloudFormation, whose tags Kubernetes does not know
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties: {{BucketName: !Sub "{app}-${{AWS::Region}}", Tags: !Ref Tags}}
"""
_PATCH = "- {op: replace, path: /spec/replicas, value: 3}\n"


def repository(apps: int = 125) -> dict[str, str]:
    """The files of a repository and what is in them: 32 files for each app.

    Each app has a Deployment in each cluster, and a CronJob, too. All of them list ``regcred``,
    which has a credential for the images of its own cluster only. The user is named after the
    cluster and the app.

    Args:
        apps: How many apps there are.
    """
    return {name: text for number in range(apps) for name, text in _app(f"app-{number:03}")}


def _app(app: str) -> Iterator[tuple[str, str]]:
    for cluster in CLUSTERS:
        named = {"app": app, "cluster": cluster}
        user = {"username": f"{cluster}-{app}", "password": "password"}
        config = json.dumps({"auths": {f"registry.example.com/{cluster}": user}})
        manifests = {
            "deployment.yaml": _DEPLOYMENT.format(**named),
            "cronjob.yaml": _CRON_JOB.format(**named),
            "regcred.yaml": _SECRET.format(app=app, config=config),
            "externalsecret.yaml": _EXTERNAL_SECRET.format(**named),
            "helmrelease.yaml": _HELM_RELEASE.format(**named),
        }
        resources = "".join(f"- {name}\n" for name in manifests)
        others = {
            "kustomization.yaml": f"resources:\n{resources}patches:\n- path: patch.yaml\n"
            "  target: {kind: Deployment}\n",
            "patch.yaml": _PATCH,
            "values.yaml": f"image: &image {app}\nreplicas: 2\nenabled: true\n",
        }
        for name, text in (*manifests.items(), *others.items()):
            yield f"clusters/{cluster}/{app}/{name}", text
    yield f"charts/{app}/Chart.yaml", f"apiVersion: v2\nname: {app}\nversion: 1.0.0\n"
    yield f"charts/{app}/values.yaml", "enabled: true\nreplicas: 1\n"
    yield f"charts/{app}/templates/deployment.yaml", _TEMPLATE.format(app=app)
    yield f"charts/{app}/templates/service.yaml", _TEMPLATE.format(app=app)
    yield f"infrastructure/{app}/stack.yaml", _STACK.format(app=app)
    yield f"infrastructure/{app}/dashboard.json", json.dumps({"title": app, "panels": []})
    yield f"infrastructure/{app}/pipeline.yml", f"on: [push]\njobs: {{{app}: {{steps: []}}}}\n"
    yield f"infrastructure/{app}/raw.yaml", _TEMPLATE.format(app=app)
