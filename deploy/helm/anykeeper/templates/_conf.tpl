{{/* The configuration file. Its own template, so that pods are replaced when it changes. */}}
{{- define "anykeeper.conf" -}}
{{- $values := .Values -}}
listen={{ ternary "0.0.0.0" "127.0.0.1" $values.plain }}:{{ $values.ports.client }}
admin-listen=0.0.0.0:{{ $values.ports.admin }}
prefix={{ $values.store.prefix }}
{{- if $values.store.urlSecret.name }}
store-file=/etc/anykeeper/store/url
{{- else }}
store={{ include "anykeeper.storeUrl" . }}
{{- end }}
drain-wait={{ mul $values.drainSeconds 1000 }}
{{- if $values.tls.enabled }}
secure-listen=0.0.0.0:{{ $values.ports.secure }}
tls-cert=/etc/anykeeper/tls/tls.crt
tls-key=/etc/anykeeper/tls/tls.key
tls-client-auth={{ $values.tls.clientAuth }}
{{- if ne $values.tls.clientAuth "none" }}
tls-ca=/etc/anykeeper/tls/ca.crt
{{- end }}
{{- if $values.tls.onClientPort }}
tls-on-listen=true
{{- end }}
{{- end }}
{{- if $values.sasl.usersSecret.name }}
sasl-users=/etc/anykeeper/sasl/users
{{- end }}
{{- if $values.superDigestSecret.name }}
super-digest-file=/etc/anykeeper/super-digest/digest
{{- end }}
{{- if $values.adminTokenSecret.name }}
admin-token-file=/etc/anykeeper/admin-token/token
{{- end }}
{{- range $name, $value := $values.config -}}
{{- /* Numbers of values are floats: 1000000 would be 1e+06. A backslash begins an escape, as in Java's properties. */ -}}
{{- $isWhole := and (kindIs "float64" $value) (eq (floor $value) $value) }}
{{ $name }}={{ if $isWhole }}{{ int64 $value }}{{ else }}{{ $value | toString | replace "\\" "\\\\" }}{{ end }}
{{- end }}
{{- end -}}
