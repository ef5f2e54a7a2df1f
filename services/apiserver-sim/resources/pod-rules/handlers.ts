/** Probes and lifecycle handlers. @source pkg/apis/core/validation validateProbe, validateHandler, validateLifecycle */
import type { FieldProblem } from '../../../../lib/errors.ts';
import { forbiddenField, invalid, required } from '../../../../lib/kube/object-meta.ts';
import { portNameProblems, portProblems } from '../field-rules.ts';
import {
	collected,
	fields,
	fieldsOf,
	isSet,
	listOf,
	notEmptyList,
	notNegative,
	numberOf,
	oneOf,
	optional,
	present,
	type Rule,
	text,
} from './rule.ts';

const port: Rule = (value, at) =>
	typeof value === 'string' ? text(portNameProblems)(value, at) : portProblems(at, numberOf(value));
const headerName = text((name) =>
	/^[-A-Za-z0-9]+$/.test(name)
		? []
		: [
				"a valid HTTP header must consist of alphanumeric characters or '-' " +
					"(e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
			],
);
const headers: Rule = (value, at) => collected(listOf(value), (header) => headerName(fieldsOf(header).name, at));

const handlers: Readonly<Record<string, Rule>> = {
	exec: fields({ command: notEmptyList }),
	httpGet: fields({ path: present, port, scheme: oneOf('HTTP', 'HTTPS'), httpHeaders: headers }),
	tcpSocket: fields({ port }),
	grpc: fields({ port }),
};

function handlerProblems(value: unknown, at: string, kinds: Readonly<Record<string, Rule>>): FieldProblem[] {
	const given = Object.entries(kinds).filter(([kind]) => isSet(fieldsOf(value)[kind]));
	if (given.length === 0) return [required(at, 'must specify a handler type')];
	return given.flatMap(([kind, rule], index) =>
		index === 0
			? rule(fieldsOf(value)[kind], `${at}.${kind}`)
			: [forbiddenField(`${at}.${kind}`, 'may not specify more than 1 handler type')],
	);
}

const times = fields({
	initialDelaySeconds: notNegative,
	timeoutSeconds: notNegative,
	periodSeconds: notNegative,
	successThreshold: notNegative,
	failureThreshold: notNegative,
	terminationGracePeriodSeconds: optional((value, at) =>
		numberOf(value) > 0 ? [] : [invalid(at, value, 'must be greater than 0')],
	),
});

export function probeProblems(
	value: unknown,
	at: string,
	kind: 'livenessProbe' | 'readinessProbe' | 'startupProbe',
): FieldProblem[] {
	if (!isSet(value)) return [];
	const { successThreshold, terminationGracePeriodSeconds: seconds } = fieldsOf(value);
	const isReadiness = kind === 'readinessProbe';
	return [
		...handlerProblems(value, at, handlers),
		...times(value, at),
		...(isReadiness || successThreshold === 1
			? []
			: [invalid(`${at}.successThreshold`, numberOf(successThreshold), 'must be 1')]),
		...(isReadiness && isSet(seconds)
			? [invalid(`${at}.terminationGracePeriodSeconds`, seconds, 'must not be set for readinessProbes')]
			: []),
	];
}

export function lifecycleProblems(value: unknown, at: string, gracePeriodSeconds: number | undefined): FieldProblem[] {
	const most = gracePeriodSeconds ?? Number.POSITIVE_INFINITY;
	const sleep: Rule = (action, path) => {
		const seconds = numberOf(fieldsOf(action).seconds);
		if (gracePeriodSeconds === undefined || (seconds >= 0 && seconds <= most)) return [];
		const detail = `must be non-negative and less than terminationGracePeriodSeconds (${most})`;
		return [invalid(path, seconds, detail)];
	};
	const { grpc: _grpc, ...rest } = handlers;
	return ['postStart', 'preStop'].flatMap((hook) => {
		const handler = fieldsOf(value)[hook];
		return isSet(handler) ? handlerProblems(handler, `${at}.${hook}`, { ...rest, sleep }) : [];
	});
}
