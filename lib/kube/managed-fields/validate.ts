/** Whether an applied object fits its type. @source structured-merge-diff typed/validate.go */
import { isJsonObject } from '../../json-object.ts';
import { goPrint } from '../patch/go-print.ts';
import { type KubeType, type ListType, typeOfField } from '../schema/schema.ts';
import { elementOf, SchemaMismatch } from './list-elements.ts';
import { fieldElement, type PathElement, pathText } from './path-element.ts';

/** The problems, in upstream's words. */
export function typeProblems(type: KubeType, value: unknown): string[] {
	const problems: string[] = [];
	check(type, value, [], (path, problem) => {
		const text = pathText(path);
		problems.push(text === '' ? problem : `${text}: ${problem}`);
	});
	return problems;
}

type Report = (path: readonly PathElement[], problem: string) => void;

function check(type: KubeType, value: unknown, path: readonly PathElement[], report: Report): void {
	if (value === null || value === undefined || type.form === 'any') return;
	if (type.form === 'scalar') {
		const problem = scalarProblem(type.scalar, value);
		if (problem !== undefined) report(path, problem);
	} else if (type.form === 'list') {
		if (Array.isArray(value)) checkList(type, value, path, report);
		else report(path, `expected list, got &{${goPrint(value)}}`);
	} else if (!isJsonObject(value)) report(path, `expected map, got &{${goPrint(value)}}`);
	else {
		for (const [name, entry] of Object.entries(value)) {
			const at = [...path, fieldElement(name)];
			if (type.form === 'struct' && !type.fields.has(name)) {
				report(at, 'field not declared in schema');
				return;
			}
			check(typeOfField(type, name), entry, at, report);
		}
	}
}

function checkList(type: ListType, values: readonly unknown[], path: readonly PathElement[], report: Report): void {
	const seen = new Set<PathElement>();
	for (const [at, value] of values.entries()) {
		let element: PathElement = `i:${at}`;
		if (type.listType !== 'atomic') {
			try {
				element = elementOf(type, value);
			} catch (error) {
				if (!(error instanceof SchemaMismatch)) throw error;
				report(path, `element ${at}: ${error.message}`);
				return;
			}
			if (seen.has(element)) report(path, `duplicate entries for key ${pathText([element])}`);
			seen.add(element);
		}
		check(type.element, value, [...path, element], report);
	}
}

const goTypes: Readonly<Record<string, string>> = {
	string: 'string',
	number: 'int64',
	boolean: 'bool',
};
const goType = (value: unknown): string =>
	goTypes[typeof value] ?? (Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}');

function scalarProblem(scalar: string, value: unknown): string | undefined {
	switch (scalar) {
		case 'number':
			return typeof value === 'number' ? undefined : `expected numeric (int or float), got ${goType(value)}`;
		case 'boolean':
			return typeof value === 'boolean' ? undefined : `expected boolean, got &{${goPrint(value)}}`;
		case 'quantity':
		case 'intOrString':
		case 'time':
			return typeof value === 'object' ? `expected any scalar, got &{${goPrint(value)}}` : undefined;
		default:
			return typeof value === 'string'
				? undefined
				: `expected string, got &value.valueUnstructured{Value:${goPrint(value)}}`;
	}
}
