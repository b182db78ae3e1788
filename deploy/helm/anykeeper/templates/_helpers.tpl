{{- define "anykeeper.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 48 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 48 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "anykeeper.job" -}}
{{- $name := include "anykeeper.fullname" . -}}
{{- contains "anykeeper" $name | ternary $name (printf "anykeeper-%s" $name) -}}
{{- end -}}

{{- define "anykeeper.headless" -}}{{ include "anykeeper.fullname" . }}-headless{{- end -}}
{{/* A StatefulSet of more than 52 characters gets no pods: their label with the revision would be too long. */}}
{{- define "anykeeper.etcd" -}}{{ include "anykeeper.fullname" . | trunc 47 | trimSuffix "-" }}-etcd{{- end -}}

{{- define "anykeeper.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "anykeeper.proxySelector" -}}
{{ include "anykeeper.selector" . }}
app.kubernetes.io/component: proxy
{{- end -}}

{{- define "anykeeper.etcdSelector" -}}
{{ include "anykeeper.selector" . }}
app.kubernetes.io/component: etcd
{{- end -}}

{{- define "anykeeper.labels" -}}
{{ include "anykeeper.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "anykeeper.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "anykeeper.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "anykeeper.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{/* The URL of the store, when it holds no secret: files beside it do. */}}
{{- define "anykeeper.storeUrl" -}}
{{- $store := .Values.store -}}
{{- if .Values.etcd.enabled -}}
etcd://{{ include "anykeeper.etcd" . }}:2379
{{- else if $store.url -}}
{{ $store.url }}
{{- else if $store.endpoints -}}
{{- $query := list -}}
{{- if $store.passwordSecret.name -}}
{{- $query = append $query "passwordFile=/etc/anykeeper/store-password/password" -}}
{{- end -}}
{{- if $store.tls.enabled -}}
{{- $query = append $query "ca=/etc/anykeeper/store-tls/ca.crt" -}}
{{- if $store.tls.clientCertificate -}}
{{- $query = concat $query (list "cert=/etc/anykeeper/store-tls/tls.crt" "key=/etc/anykeeper/store-tls/tls.key") -}}
{{- end -}}
{{- end -}}
{{ ternary "etcds" "etcd" $store.tls.enabled }}://{{ with $store.username }}{{ . | urlquery }}@{{ end }}{{ join "," $store.endpoints }}{{ with $query }}?{{ join "&" . }}{{ end }}
{{- end -}}
{{- end -}}

{{/* Files of Secrets: name of the volume, Secret, items. */}}
{{- define "anykeeper.secrets" -}}
{{- $values := .Values -}}
{{- $found := list -}}
{{- with $values.store.urlSecret -}}{{- if .name -}}
{{- $found = append $found (dict "volume" "store" "secret" .name "items" (dict .key "url")) -}}
{{- end -}}{{- end -}}
{{- with $values.store.passwordSecret -}}{{- if .name -}}
{{- $found = append $found (dict "volume" "store-password" "secret" .name "items" (dict .key "password")) -}}
{{- end -}}{{- end -}}
{{- if $values.store.tls.enabled -}}
{{- $found = append $found (dict "volume" "store-tls" "secret" (required "store.tls.secretName is needed with store.tls.enabled" $values.store.tls.secretName)) -}}
{{- end -}}
{{- if $values.tls.enabled -}}
{{- $found = append $found (dict "volume" "tls" "secret" (required "tls.secretName is needed with tls.enabled" $values.tls.secretName)) -}}
{{- end -}}
{{- with $values.sasl.usersSecret -}}{{- if .name -}}
{{- $found = append $found (dict "volume" "sasl" "secret" .name "items" (dict .key "users")) -}}
{{- end -}}{{- end -}}
{{- with $values.superDigestSecret -}}{{- if .name -}}
{{- $found = append $found (dict "volume" "super-digest" "secret" .name "items" (dict .key "digest")) -}}
{{- end -}}{{- end -}}
{{- with $values.adminTokenSecret -}}{{- if .name -}}
{{- $found = append $found (dict "volume" "admin-token" "secret" .name "items" (dict .key "token")) -}}
{{- end -}}{{- end -}}
{{- $found | toJson -}}
{{- end -}}
