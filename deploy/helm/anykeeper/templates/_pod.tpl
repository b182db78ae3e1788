{{/* The pod of a proxy, the same in a StatefulSet and in a Deployment. */}}
{{- define "anykeeper.pod" -}}
{{- $values := .Values -}}
{{- $secrets := include "anykeeper.secrets" . | fromJsonArray -}}
metadata:
  labels:
    {{- include "anykeeper.proxySelector" . | nindent 4 }}
    {{- with $values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # Another configuration, other pods.
    checksum/config: {{ include "anykeeper.conf" . | sha256sum }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "anykeeper.serviceAccount" . }}
  automountServiceAccountToken: false
  # Variables such as ANYKEEPER_PORT of a Service would look like settings.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
  {{- with $values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.priorityClassName }}
  priorityClassName: {{ . }}
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
  topologySpreadConstraints:
    {{- if $values.topologySpreadConstraints }}
    {{- toYaml $values.topologySpreadConstraints | nindent 4 }}
    {{- else }}
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "anykeeper.proxySelector" . | nindent 10 }}
    {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: anykeeper
      image: {{ include "anykeeper.image" . | quote }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args: [serve, --config, /etc/anykeeper/conf/anykeeper.conf]
      env:
        - name: POD_NAME
          valueFrom:
            fieldRef:
              fieldPath: metadata.name
        - name: POD_NAMESPACE
          valueFrom:
            fieldRef:
              fieldPath: metadata.namespace
        - name: POD_IP
          valueFrom:
            fieldRef:
              fieldPath: status.podIP
        - name: ANYKEEPER_ADVERTISE
          {{- if eq $values.workload "StatefulSet" }}
          value: $(POD_NAME).{{ include "anykeeper.headless" . }}.$(POD_NAMESPACE).svc:{{ ternary $values.ports.client $values.ports.secure $values.plain }}
          {{- else }}
          value: $(POD_IP):{{ ternary $values.ports.client $values.ports.secure $values.plain }}
          {{- end }}
        - name: NODE_OPTIONS
          value: --max-old-space-size={{ $values.heapMiB }}
        {{- with $values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        {{- if $values.plain }}
        - name: zookeeper
          containerPort: {{ $values.ports.client }}
        {{- end }}
        {{- if $values.tls.enabled }}
        - name: zookeeper-tls
          containerPort: {{ $values.ports.secure }}
        {{- end }}
        - name: admin
          containerPort: {{ $values.ports.admin }}
      livenessProbe:
        httpGet:
          path: /livez
          port: admin
        {{- toYaml $values.probes.liveness | nindent 8 }}
      readinessProbe:
        httpGet:
          path: /readyz
          port: admin
        {{- toYaml $values.probes.readiness | nindent 8 }}
      {{- if $values.preStopSleepSeconds }}
      lifecycle:
        preStop:
          sleep:
            seconds: {{ $values.preStopSleepSeconds }}
      {{- end }}
      resources:
        {{- toYaml $values.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      volumeMounts:
        - name: conf
          mountPath: /etc/anykeeper/conf
          readOnly: true
        {{- range $secrets }}
        - name: {{ .volume }}
          mountPath: /etc/anykeeper/{{ .volume }}
          readOnly: true
        {{- end }}
        {{- with $values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: conf
      configMap:
        name: {{ include "anykeeper.fullname" . }}
    {{- range $secrets }}
    - name: {{ .volume }}
      secret:
        secretName: {{ .secret }}
        # 0440, which YAML 1.2 takes for a decimal number.
        defaultMode: 288
        {{- with .items }}
        items:
          {{- range $key, $path := . }}
          - key: {{ $key }}
            path: {{ $path }}
          {{- end }}
        {{- end }}
    {{- end }}
    {{- with $values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}
