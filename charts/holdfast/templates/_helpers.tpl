{{- define "holdfast.labels" -}}
app.kubernetes.io/part-of: holdfast
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "holdfast.operator.image" -}}
{{ .Values.operator.image.repository }}:{{ .Values.operator.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "holdfast.agent.version" -}}
{{ .Values.agent.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "holdfast.agent.image" -}}
{{ .Values.agent.image.repository }}:{{ include "holdfast.agent.version" . }}
{{- end -}}

{{- /* Where a host has this version: runtime/ and lib/ below it. */ -}}
{{- define "holdfast.agent.home" -}}
/opt/holdfast/{{ include "holdfast.agent.version" . }}
{{- end -}}
