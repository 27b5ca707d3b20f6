{{/* The pod, once for all roles. Takes root, role and block (the values of that role). */}}
{{- define "collector.pod" -}}
{{- $values := .root.Values -}}
{{- $embedded := eq $values.buffer.kind "embedded" -}}
metadata:
  labels:
    {{- include "collector.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
    {{- with $values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    {{- if not $values.existingConfigMap }}
    checksum/config: {{ include (print .root.Template.BasePath "/configmap.yaml") .root | sha256sum }}
    {{- end }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "collector.serviceAccountName" .root }}
  automountServiceAccountToken: false
  # Kubernetes would set COLLECTOR_... variables for a service of that name, among our settings.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
  securityContext:
    {{- toYaml $values.podSecurityContext | nindent 4 }}
  {{- with $values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: collector
      image: {{ include "collector.image" .root }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args:
        - serve
        - --config=/etc/collector/collector.yaml
        - --role={{ .role }}
        - --port=8001
        {{- if hasKey .block "processes" }}
        - --processes={{ .block.processes }}
        {{- end }}
      env:
        - name: COLLECTOR_DATA_DIR
          value: /data
        - name: COLLECTOR_BUFFER_URL
          {{- if $embedded }}
          value: sqlite:///data/buffer.db
          {{- else if $values.buffer.redis.existingSecret }}
          valueFrom:
            secretKeyRef:
              name: {{ $values.buffer.redis.existingSecret }}
              key: {{ $values.buffer.redis.key }}
          {{- else }}
          value: {{ $values.buffer.redis.url | quote }}
          {{- end }}
        - name: COLLECTOR_DRAIN_SECONDS
          value: {{ $values.drainSeconds | quote }}
        {{- if $values.apiKeys.existingSecret }}
        - name: COLLECTOR_API_KEYS_FILE
          value: /etc/collector-keys/{{ $values.apiKeys.key }}
        {{- end }}
        {{- if $values.tls.existingSecret }}
        - name: COLLECTOR_TLS_CERT_FILE
          value: /etc/collector-tls/{{ $values.tls.certificate }}
        - name: COLLECTOR_TLS_KEY_FILE
          value: /etc/collector-tls/{{ $values.tls.key }}
        {{- with $values.tls.clientCa }}
        - name: COLLECTOR_TLS_CLIENT_CA_FILE
          value: /etc/collector-tls/{{ . }}
        {{- end }}
        {{- end }}
        {{- range $name, $value := $values.settings }}
        - name: COLLECTOR_{{ upper $name }}
          value: {{ include "collector.plain" $value | quote }}
        {{- end }}
        {{- with $values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- with $values.existingSecret }}
      envFrom:
        - secretRef:
            name: {{ . }}
      {{- end }}
      ports:
        - name: http
          containerPort: 8001
      # Long for a process that recovers its buffer, short for one that does not answer afterwards.
      startupProbe:
        {{- include "collector.probe" (dict "tls" $values.tls "path" "/livez") | nindent 8 }}
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        {{- include "collector.probe" (dict "tls" $values.tls "path" "/livez") | nindent 8 }}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        {{- include "collector.probe" (dict "tls" $values.tls "path" "/readyz") | nindent 8 }}
        periodSeconds: 5
        timeoutSeconds: 3
      resources:
        {{- toYaml .block.resources | nindent 8 }}
      securityContext:
        {{- toYaml $values.securityContext | nindent 8 }}
      volumeMounts:
        - name: config
          mountPath: /etc/collector
          readOnly: true
        - name: data
          mountPath: /data
        - name: tmp
          mountPath: /tmp
        {{- if $values.apiKeys.existingSecret }}
        - name: keys
          mountPath: /etc/collector-keys
          readOnly: true
        {{- end }}
        {{- if $values.tls.existingSecret }}
        - name: tls
          mountPath: /etc/collector-tls
          readOnly: true
        {{- end }}
        {{- with $values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: config
      configMap:
        name: {{ include "collector.configMapName" .root }}
    - name: data
      {{- if and $embedded $values.persistence.enabled }}
      persistentVolumeClaim:
        claimName: {{ include "collector.claimName" .root }}
      {{- else }}
      emptyDir: {}
      {{- end }}
    - name: tmp
      emptyDir: {}
    {{- if $values.apiKeys.existingSecret }}
    - name: keys
      secret:
        secretName: {{ $values.apiKeys.existingSecret }}
    {{- end }}
    {{- with $values.tls.existingSecret }}
    - name: tls
      secret:
        secretName: {{ . }}
    {{- end }}
    {{- with $values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
{{- end -}}

{{/* How the kubelet asks. Takes tls and path. */}}
{{- define "collector.probe" -}}
{{- if .tls.clientCa -}}
tcpSocket: {port: http}
{{- else if .tls.existingSecret -}}
httpGet: {path: {{ .path }}, port: http, scheme: HTTPS}
{{- else -}}
httpGet: {path: {{ .path }}, port: http}
{{- end -}}
{{- end -}}

{{/* A number as people write it: Helm reads 4294967296 as a float and would print 4.294967296e+09. */}}
{{- define "collector.plain" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}
{{- int64 . -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end -}}
