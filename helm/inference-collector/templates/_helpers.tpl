{{/* Names and labels, and the combinations that cannot work. */}}

{{- define "collector.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "collector.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 55 | trimSuffix "-" -}}
{{- else if contains (include "collector.name" .) .Release.Name -}}
{{- .Release.Name | trunc 55 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "collector.name" .) | trunc 55 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "collector.selectorLabels" -}}
app.kubernetes.io/name: {{ include "collector.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "collector.labels" -}}
{{ include "collector.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "collector.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "collector.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "collector.configMapName" -}}
{{- default (include "collector.fullname" .) .Values.existingConfigMap -}}
{{- end -}}

{{- define "collector.claimName" -}}
{{- default (printf "%s-data" (include "collector.fullname" .)) .Values.persistence.existingClaim -}}
{{- end -}}

{{- define "collector.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* The roles that run, as a list separated by blanks. */}}
{{- define "collector.roles" -}}
{{- ternary "receive work" "all" .Values.split -}}
{{- end -}}

{{/* The name of a role's objects. */}}
{{- define "collector.roleName" -}}
{{- if eq .role "all" -}}
{{- include "collector.fullname" .root -}}
{{- else -}}
{{- printf "%s-%s" (include "collector.fullname" .root) .role -}}
{{- end -}}
{{- end -}}

{{/* The least number of pods that a role runs with. */}}
{{- define "collector.leastReplicas" -}}
{{- ternary .autoscaling.minReplicas .replicas .autoscaling.enabled -}}
{{- end -}}

{{- define "collector.refuse" -}}
{{- $redis := .Values.buffer.redis -}}
{{- $all := .Values.all -}}
{{- if eq .Values.buffer.kind "embedded" -}}
{{- if .Values.split -}}
{{- fail "split: true needs buffer.kind: redis: the embedded buffer is a file of one pod, which workers could not read" -}}
{{- end -}}
{{- if or $all.autoscaling.enabled (gt (int $all.replicas) 1) -}}
{{- fail "more than one replica needs buffer.kind: redis: the embedded buffer is a file of one pod" -}}
{{- end -}}
{{- if or $redis.url $redis.existingSecret -}}
{{- fail "buffer.redis is given, but buffer.kind is embedded: say buffer.kind: redis" -}}
{{- end -}}
{{- else -}}
{{- if not (or $redis.url $redis.existingSecret) -}}
{{- fail "buffer.kind: redis needs buffer.redis.url or buffer.redis.existingSecret" -}}
{{- end -}}
{{- if and $redis.url $redis.existingSecret -}}
{{- fail "give buffer.redis.url or buffer.redis.existingSecret, not both" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.tls.clientCa (not .Values.tls.existingSecret) -}}
{{- fail "tls.clientCa needs tls.existingSecret: client certificates need a certificate of the service" -}}
{{- end -}}
{{- if and .Values.existingConfigMap (or .Values.config.monitors .Values.config.destinations) -}}
{{- fail "give config or existingConfigMap, not both" -}}
{{- end -}}
{{- $needed := add (int .Values.drainSeconds) (int (default 20 .Values.settings.shutdown_seconds)) -}}
{{- if le (int .Values.terminationGracePeriodSeconds) (int $needed) -}}
{{- fail (printf "terminationGracePeriodSeconds is %d: it must be more than drainSeconds and settings.shutdown_seconds together (%d), or pods are killed while they drain" (int .Values.terminationGracePeriodSeconds) (int $needed)) -}}
{{- end -}}
{{- range $role := splitList " " (include "collector.roles" .) -}}
{{- $block := index $.Values $role -}}
{{- if and $.Values.podDisruptionBudget.enabled (lt (int (include "collector.leastReplicas" $block)) 2) -}}
{{- fail (printf "podDisruptionBudget needs at least two replicas of %s: with one, it would block every drain of a node" $role) -}}
{{- end -}}
{{- if and $block.autoscaling.enabled (gt (int $block.autoscaling.minReplicas) (int $block.autoscaling.maxReplicas)) -}}
{{- fail (printf "%s.autoscaling: minReplicas is more than maxReplicas" $role) -}}
{{- end -}}
{{- end -}}
{{- end -}}
