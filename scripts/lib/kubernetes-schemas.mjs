/**
 * JSON schemas for kubeconform, from the OpenAPI document of the API server and from definitions of custom resources.
 * Each file is complete in itself, so that nothing is fetched, and names that a kind does not have are errors.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

/** The groups that charts use; others would only take time and space. */
const groups = new Set(['', 'apps', 'autoscaling', 'batch', 'networking.k8s.io', 'policy'])

const intOrString = { oneOf: [{ type: 'string' }, { type: 'integer' }] }
/** What the API server takes besides what its document says. */
const replaced = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': intOrString,
  'io.k8s.apimachinery.pkg.api.resource.Quantity': {
    oneOf: [{ type: 'string' }, { type: 'number' }],
  },
}

/** One file for each kind of the API server. */
export function writeApiSchemas(folder, swaggerFile) {
  const { definitions } = JSON.parse(readFileSync(swaggerFile, 'utf8'))
  for (const [name, definition] of Object.entries(definitions)) {
    const kinds = definition['x-kubernetes-group-version-kind'] ?? []
    if (kinds.length !== 1 || !groups.has(kinds[0].group)) continue
    const needed = closure(name, definitions)
    const schema = { $ref: `#/definitions/${name}`, definitions: needed }
    write(folder, kinds[0], schema)
  }
}

/** One file for each version of a custom resource. */
export function writeCustomSchemas(folder, crdFile) {
  const { spec } = parse(readFileSync(crdFile, 'utf8'))
  for (const { name: version, schema } of spec.versions) {
    const { group, names } = spec
    write(folder, { group, version, kind: names.kind }, strict(schema.openAPIV3Schema))
  }
}

/** kubeconform's names: {{ .ResourceKind }}{{ .KindSuffix }}.json */
function write(folder, { group, version, kind }, schema) {
  const parts = [kind.toLowerCase(), group.split('.')[0], version].filter((part) => part !== '')
  writeFileSync(join(folder, `${parts.join('-')}.json`), JSON.stringify(schema))
}

/** The definition and all that it refers to. */
function closure(name, definitions, found = {}) {
  if (found[name] !== undefined) return found
  found[name] = replaced[name] ?? strict(definitions[name])
  for (const [, other] of JSON.stringify(found[name]).matchAll(/"#\/definitions\/([^"]+)"/g)) {
    closure(other, definitions, found)
  }
  return found
}

/** Without prose, and with a refusal of names that are not in the schema. */
function strict(schema) {
  if (Array.isArray(schema)) return schema.map(strict)
  if (typeof schema !== 'object' || schema === null) return schema
  const isNamed = typeof schema.properties === 'object' && !Array.isArray(schema.properties)
  const out = {}
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'description' && typeof value === 'string') continue
    out[key] =
      key === 'properties' && isNamed
        ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, strict(one)]))
        : strict(value)
  }
  const isOpen =
    schema.additionalProperties !== undefined || schema['x-kubernetes-preserve-unknown-fields']
  if (isNamed && !isOpen) out.additionalProperties = false
  return out
}
