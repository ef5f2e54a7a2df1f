/**
 * `npx tsx scripts/openapi/columns.ts KUBERNETES API`: takes the column definitions of the served kinds from the
 * printers of a release of Kubernetes, and writes proto/openapi/columns.json. The cells are code:
 * lib/kube/columns/cells.ts.
 *
 * The arguments are the directories of the modules k8s.io/kubernetes and k8s.io/api.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resources } from '../../lib/kube/resources.ts';
import { projectPath } from '../../lib/paths.ts';

const [directory = '', apiDirectory = ''] = process.argv.slice(2);
const printers = readFileSync(join(directory, 'pkg/printers/internalversion/printers.go'), 'utf8');
const swagger = JSON.parse(readFileSync(join(directory, 'api/openapi-spec/swagger.json'), 'utf8')) as {
	definitions: Record<string, { properties?: Record<string, { description?: string; $ref?: string }> }>;
};

/** `apiv1.PodStatus{}.SwaggerDoc()["podIP"]`, `apiv1.Event{}.Source.SwaggerDoc()["host"]`, or a Go string. */
function descriptionOf(expression: string): string {
	const found = /^(\w+)\.(\w+)\{\}(?:\.(\w+))?\.SwaggerDoc\(\)\["(\w+)"\]$/.exec(expression);
	if (found === null) return JSON.parse(expression) as string;
	const [, alias = '', type = '', member, field = ''] = found;
	const area = alias === 'metav1' ? 'meta.v1' : alias.replace('apiv1', 'corev1').replace(/v1$/, '.v1');
	if (alias.endsWith('beta1')) return descriptionOfUnserved(alias, type, field);
	const name = Object.keys(swagger.definitions).find((one) => one.endsWith(`.${area}.${type}`)) ?? '';
	const properties = swagger.definitions[name]?.properties ?? {};
	if (member === undefined) return properties[field]?.description ?? '';
	const ref = properties[`${member[0]?.toLowerCase()}${member.slice(1)}`]?.$ref ?? '';
	return swagger.definitions[ref.replace('#/definitions/', '')]?.properties?.[field]?.description ?? '';
}

/** Of a version that has no OpenAPI document any more: upstream's printers still quote its Go documentation. */
function descriptionOfUnserved(alias: string, type: string, field: string): string {
	const [, group = '', version = ''] = /^([a-z]+)(v1beta1)$/.exec(alias) ?? [];
	const file = join(apiDirectory, group, version, 'types_swagger_doc_generated.go');
	const [, map = ''] =
		new RegExp(`var map_${type} = map\\[string\\]string\\{\\n(.*?)\\n\\}`, 's').exec(readFileSync(file, 'utf8')) ?? [];
	const [, text = '""'] = new RegExp(`^\\t"${field}": +(".*"),$`, 'm').exec(map) ?? [];
	return JSON.parse(text) as string;
}

/** The definitions that a Go variable has in all. */
function columnsIn(variable: string): object[] {
	const blocks = printers.matchAll(new RegExp(`\\b${variable} :?= [^\\n]*\\{\\n(.*?)\\n\\t\\}`, 'gs'));
	return [...blocks].flatMap(([, block = '']) =>
		[...block.matchAll(/\{(Name: .*)\},$/gm)].map(([, fields = '']) => {
			const [, before = '', description = ''] = /^(.*), Description: (.*)$/.exec(fields) ?? [];
			const value = (name: string) => new RegExp(`\\b${name}: "?([^",]*)"?`).exec(before)?.[1];
			return {
				name: value('Name'),
				type: value('Type'),
				format: value('Format') ?? '',
				description: descriptionOf(description),
				priority: Number(value('Priority') ?? 0),
			};
		}),
	);
}

/** The variable that is registered with the printer of a kind. */
function variableOf(kind: string): string | undefined {
	const printer = kind.replace('WebhookConfiguration', 'Webhook');
	return new RegExp(`TableHandler\\((\\w+), print${printer}\\)`).exec(printers)?.[1];
}

const kinds = [...new Set(Object.values(resources).map(({ kind }) => kind))].toSorted();
const definitions = Object.fromEntries(
	kinds.flatMap((kind) => {
		const variable = variableOf(kind);
		return variable === undefined ? [] : [[kind, columnsIn(variable)]];
	}),
);
writeFileSync(projectPath('proto/openapi/columns.json'), `${JSON.stringify(definitions, undefined, '\t')}\n`);
