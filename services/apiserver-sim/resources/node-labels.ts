/** Labels of nodes that are deprecated, and selectors that use them. @source pkg/api/node/util.go, release 1.37 */
import { labelValueProblems } from '../../../lib/kube/names.ts';
import { fieldsOf, listOf, textOf, textsOf } from './pod-rules/rule.ts';

const deprecated: ReadonlyMap<string, string> = new Map([
	['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
	['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
	['failure-domain.beta.kubernetes.io/region', 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
	['failure-domain.beta.kubernetes.io/zone', 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
	['beta.kubernetes.io/instance-type', 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
	['app.kubernetes.io/created-by', 'deprecated since v1.9'],
	['scheduler.alpha.kubernetes.io/preferAvoidPods', 'deprecated since v1.22; use Taints and Tolerations instead'],
	['node-role.kubernetes.io/master', 'use "node-role.kubernetes.io/control-plane" instead'],
]);

export const labelWarning = (key: string): string | undefined => deprecated.get(key);

/** @param checksValues  of a preference: its values may have another form than labels */
export function* nodeTermWarnings(term: unknown, at: string, checksValues: boolean): Generator<string> {
	for (const [index, expression] of listOf(fieldsOf(term).matchExpressions).entries()) {
		const path = `${at}.matchExpressions[${index}]`;
		const key = textOf(fieldsOf(expression).key);
		const message = labelWarning(key);
		if (message !== undefined) yield `${path}.key: ${key} is ${message}`;
		if (!checksValues) continue;
		for (const [place, value] of textsOf(fieldsOf(expression).values).entries())
			for (const problem of labelValueProblems(value))
				yield `${path}.values[${place}]: ${value} is invalid, ${problem}`;
	}
}
