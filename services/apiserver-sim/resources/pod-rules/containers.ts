/**
 * The containers of a pod.
 *
 * @source pkg/apis/core/validation validateContainers, validateInitContainers, validateEphemeralContainers
 */
import type { FieldProblem } from '../../../../lib/errors.ts';
import { labelProblems } from '../../../../lib/kube/names.ts';
import {
	duplicate,
	forbiddenField,
	invalid,
	notSupported,
	required,
	tooMany,
} from '../../../../lib/kube/object-meta.ts';
import { notFound, portNameProblems, portProblems, portProtocols } from '../field-rules.ts';
import { environment, environmentSources } from './environment.ts';
import { lifecycleProblems, probeProblems } from './handlers.ts';
import { resourceProblems } from './resources.ts';
import {
	collected,
	type Fields,
	fields,
	fieldsOf,
	isSet,
	listOf,
	noBacksteps,
	numberOf,
	oneOf,
	present,
	presentAnd,
	type Rule,
	relativePath,
	text,
	textOf,
} from './rule.ts';
import { containerSecurity } from './security.ts';

/** The values of a pod that the rules of its containers read. */
export interface PodContext {
	readonly volumes: ReadonlyMap<string, Fields>;
	readonly claimNames: readonly string[];
	readonly gracePeriodSeconds: number | undefined;
	readonly restartPolicy: string;
	/** Whether the users of the containers are those of the host. */
	readonly hasHostUsers: boolean;
	/** Whether it is a pod, and no template. */
	readonly isPod: boolean;
}

const ports: Rule = (value, at) => {
	const names = new Set<string>();
	return collected(listOf(value), (port, index) => {
		const path = `${at}[${index}]`;
		const { name: given, containerPort, hostPort, protocol } = fieldsOf(port);
		const name = textOf(given);
		const details = name === '' ? [] : portNameProblems(name);
		const problems = details.map((detail) => invalid(`${path}.name`, name, detail));
		if (details.length === 0 && names.has(name)) problems.push(duplicate(`${path}.name`, name));
		else if (details.length === 0 && name !== '') names.add(name);
		return [
			...problems,
			...(numberOf(containerPort) === 0
				? [required(`${path}.containerPort`)]
				: portProblems(`${path}.containerPort`, numberOf(containerPort))),
			...(numberOf(hostPort) === 0 ? [] : portProblems(`${path}.hostPort`, numberOf(hostPort))),
			...presentAnd(oneOf(...portProtocols))(protocol, `${path}.protocol`),
		];
	});
};

/** A port of the host that an earlier port has. @source AccumulateUniqueHostPorts */
function hostPortProblems(containers: readonly unknown[], at: string): FieldProblem[] {
	const seen = new Set<string>();
	return collected(containers, (container, index) =>
		collected(listOf(fieldsOf(container).ports), (port, place) => {
			const { hostPort, hostIP, protocol } = fieldsOf(port);
			if (numberOf(hostPort) === 0) return [];
			const key = `${textOf(protocol)}/${textOf(hostIP)}/${numberOf(hostPort)}`;
			if (seen.has(key)) return [duplicate(`${at}[${index}].ports[${place}].hostPort`, key)];
			seen.add(key);
			return [];
		}),
	);
}

const propagations = ['Bidirectional', 'HostToContainer', 'None'];
const recursions = ['Disabled', 'Enabled', 'IfPossible'];

function propagationProblems(mode: unknown, isPrivileged: boolean, at: string): FieldProblem[] {
	if (!isSet(mode)) return [];
	const onlyPrivileged = 'Bidirectional mount propagation is available only to privileged containers';
	return [
		...oneOf(...propagations)(mode, at),
		...(mode === 'Bidirectional' && !isPrivileged ? [forbiddenField(at, onlyPrivileged)] : []),
	];
}

function recursionProblems({ recursiveReadOnly: mode, readOnly, mountPropagation }: Fields, at: string) {
	if (!isSet(mode) || mode === 'Disabled') return [];
	if (!recursions.includes(textOf(mode))) return [notSupported(at, mode, recursions)];
	const isPropagated = isSet(mountPropagation) && mountPropagation !== 'None';
	return [
		...(readOnly === true ? [] : [forbiddenField(at, 'may only be specified when readOnly is true')]),
		...(isPropagated
			? [forbiddenField(at, 'may only be specified when mountPropagation is None or not specified')]
			: []),
	];
}

/** The paths of some problems have no index, upstream too. */
function mountProblems(container: Fields, at: string, volumes: PodContext['volumes']): FieldProblem[] {
	const devices = listOf(container.volumeDevices).map(fieldsOf);
	const deviceNames = new Set(devices.map(({ name }) => textOf(name)));
	const devicePaths = new Set(devices.map(({ devicePath }) => textOf(devicePath)));
	const isPrivileged = fieldsOf(container.securityContext).privileged === true;
	const paths = new Set<string>();
	return collected(listOf(container.volumeMounts), (value, index) => {
		const [mount, path] = [fieldsOf(value), `${at}[${index}]`];
		const [name, mountPath, subPath] = [textOf(mount.name), textOf(mount.mountPath), textOf(mount.subPath)];
		const expression = textOf(mount.subPathExpr);
		const isRepeated = paths.has(mountPath);
		paths.add(mountPath);
		const problem = (field: string, found: string, detail: string) => invalid(`${path}.${field}`, found, detail);
		return [
			...present(name, `${path}.name`),
			...(volumes.has(name) ? [] : [notFound(`${path}.name`, name)]),
			...present(mountPath, `${path}.mountPath`),
			...(isRepeated ? [problem('mountPath', mountPath, 'must be unique')] : []),
			...(deviceNames.has(name) ? [problem('name', name, 'must not already exist in volumeDevices')] : []),
			...(devicePaths.has(mountPath)
				? [problem('mountPath', mountPath, 'must not already exist as a path in volumeDevices')]
				: []),
			...relativePath(subPath, `${at}.subPath`),
			...(expression !== '' && subPath !== ''
				? [problem('subPathExpr', expression, 'subPathExpr and subPath are mutually exclusive')]
				: []),
			...relativePath(expression, `${at}.subPathExpr`),
			...propagationProblems(mount.mountPropagation, isPrivileged, `${at}.mountPropagation`),
			...recursionProblems(mount, `${at}.recursiveReadOnly`),
		];
	});
}

function deviceProblems(container: Fields, at: string, volumes: PodContext['volumes']): FieldProblem[] {
	const mounts = listOf(container.volumeMounts).map(fieldsOf);
	const mountNames = new Set(mounts.map(({ name }) => textOf(name)));
	const mountPaths = new Set(mounts.map(({ mountPath }) => textOf(mountPath)));
	const [names, paths] = [new Set<string>(), new Set<string>()];
	const onlyClaims = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
	return collected(listOf(container.volumeDevices), (value, index) => {
		const field = `${at}[${index}]`;
		const [name, path] = [textOf(fieldsOf(value).name), textOf(fieldsOf(value).devicePath)];
		const volume = volumes.get(name);
		const isBlock = isSet(volume?.persistentVolumeClaim) || isSet(volume?.ephemeral);
		const hasBacksteps = noBacksteps(path, field).length > 0;
		const problem = (of: string, found: string, detail: string) => invalid(`${field}.${of}`, found, detail);
		const problems = [
			...present(name, `${field}.name`),
			...(names.has(name) ? [problem('name', name, 'must be unique')] : []),
			...(volume !== undefined && !isBlock ? [problem('name', name, onlyClaims)] : []),
			...(volume === undefined ? [notFound(`${field}.name`, name)] : []),
			...present(path, `${field}.devicePath`),
			...(paths.has(path) ? [problem('devicePath', path, 'must be unique')] : []),
			...(hasBacksteps ? [problem('devicePath', path, "can not contain backsteps ('..')")] : []),
			...(mountNames.has(name) ? [problem('name', name, 'must not already exist in volumeMounts')] : []),
			...(mountPaths.has(path)
				? [problem('devicePath', path, 'must not already exist as a path in volumeMounts')]
				: []),
		];
		if (!hasBacksteps) paths.add(path);
		if (name !== '') names.add(name);
		return problems;
	});
}

const resizable = ['cpu', 'memory'];
const resizePolicies = ['NotRequired', 'RestartContainer'];
function resizeProblems(value: unknown, at: string, restartPolicy: string): FieldProblem[] {
	const seen = new Set<string>();
	return collected(listOf(value), (policy, index) => {
		const { resourceName, restartPolicy: restart } = fieldsOf(policy);
		const name = textOf(resourceName);
		const isRepeated = seen.has(name);
		seen.add(name);
		return [
			...(isRepeated ? [duplicate(`${at}[${index}]`, name)] : []),
			...presentAnd(oneOf(...resizable))(name, at),
			...presentAnd(oneOf(...resizePolicies))(restart, at),
			...(restartPolicy === 'Never' && restart !== 'NotRequired'
				? [invalid(at, textOf(restart), "must be 'NotRequired' when pod `restartPolicy` is 'Never'")]
				: []),
		];
	});
}

const identity = fields({
	name: presentAnd(text(labelProblems)),
	image: present,
	terminationMessagePolicy: presentAnd(oneOf('File', 'FallbackToLogsOnError')),
	ports,
	env: environment,
	envFrom: environmentSources,
});
const pulled = presentAnd(oneOf('Always', 'IfNotPresent', 'Never'));

/** @source validateContainerCommon */
function commonProblems(container: Fields, at: string, context: PodContext): FieldProblem[] {
	return [
		...identity(container, at),
		...mountProblems(container, `${at}.volumeMounts`, context.volumes),
		...deviceProblems(container, `${at}.volumeDevices`, context.volumes),
		...pulled(container.imagePullPolicy, `${at}.imagePullPolicy`),
		...resourceProblems(container.resources, `${at}.resources`, context.claimNames),
		...resizeProblems(container.resizePolicy, `${at}.resizePolicy`, context.restartPolicy),
		...containerSecurity(container.securityContext, `${at}.securityContext`, context.hasHostUsers),
	];
}

const restartPolicies = ['Always', 'Never', 'OnFailure'];
const MAX_RULES = 20;
/** @source validateContainerRestartPolicy */
function restartProblems({ restartPolicy, restartPolicyRules }: Fields, at: string): FieldProblem[] {
	const rules = listOf(restartPolicyRules);
	const problems = isSet(restartPolicy)
		? oneOf(...restartPolicies)(restartPolicy, `${at}.restartPolicy`)
		: rules.length === 0
			? []
			: [required(`${at}.restartPolicy`, 'must specify restartPolicy when restart rules are used')];
	const list = `${at}.restartPolicyRules`;
	if (rules.length > MAX_RULES) problems.push(tooMany(list, rules.length, MAX_RULES));
	return [
		...problems,
		...rules.flatMap((rule, index) => {
			const { action, exitCodes } = fieldsOf(rule);
			const codes = `${list}[${index}].exitCodes`;
			return [
				...oneOf('Restart', 'RestartAllContainers')(action, `${list}[${index}].action`),
				...(isSet(exitCodes)
					? oneOf('In', 'NotIn')(fieldsOf(exitCodes).operator, `${codes}.operator`)
					: [required(codes, 'must be specified')]),
			];
		}),
	];
}

const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;
function runningProblems(container: Fields, at: string, { gracePeriodSeconds }: PodContext): FieldProblem[] {
	return [
		...lifecycleProblems(container.lifecycle, `${at}.lifecycle`, gracePeriodSeconds),
		...probes.flatMap((name) => probeProblems(container[name], `${at}.${name}`, name)),
	];
}

export function containersProblems(value: unknown, at: string, context: PodContext): FieldProblem[] {
	const containers = listOf(value);
	if (containers.length === 0) return [required(at)];
	const names = new Set<string>();
	const problems = collected(containers, (one, index) => {
		const [container, path] = [fieldsOf(one), `${at}[${index}]`];
		const name = textOf(container.name);
		const isRepeated = names.has(name);
		names.add(name);
		return [
			...commonProblems(container, path, context),
			...(isRepeated ? [duplicate(`${path}.name`, name)] : []),
			...runningProblems(container, path, context),
			...restartProblems(container, path),
		];
	});
	return [...problems, ...hostPortProblems(containers, at)];
}

const notWithoutAlways = 'may not be set for init containers without restartPolicy=Always';
/** @param names  of the other containers; those of these containers are added */
export function initContainersProblems(value: unknown, at: string, names: Set<string>, context: PodContext) {
	return collected(listOf(value), (one, index) => {
		const [container, path] = [fieldsOf(one), `${at}[${index}]`];
		const name = textOf(container.name);
		const isRepeated = names.has(name);
		if (name !== '') names.add(name);
		const isSidecar = container.restartPolicy === 'Always';
		return [
			...commonProblems(container, path, context),
			...restartProblems(container, path),
			...(isRepeated ? [duplicate(`${path}.name`, name)] : []),
			// Upstream's path has the index of a list of one container.
			...hostPortProblems([container], at),
			...(isSidecar
				? runningProblems(container, path, context)
				: ['lifecycle', ...probes].flatMap((field) =>
						isSet(container[field]) ? [forbiddenField(`${path}.${field}`, notWithoutAlways)] : [],
					)),
			...(isSidecar ? [] : restartResizeProblems(container, path)),
		];
	});
}
function restartResizeProblems({ resizePolicy }: Fields, at: string): FieldProblem[] {
	const detail = "must not be set to 'RestartContainer' for non-sidecar initContainers";
	return collected(listOf(resizePolicy), (policy, index) =>
		fieldsOf(policy).restartPolicy === 'RestartContainer'
			? [invalid(`${at}.resizePolicy[${index}].restartPolicy`, 'RestartContainer', detail)]
			: [],
	);
}

const notForDebugging = 'cannot be set for an Ephemeral Container';
/** In the order of the fields in Go. */
const forbiddenForDebugging = [
	...['ports', 'resources', 'resizePolicy', 'restartPolicy', 'restartPolicyRules'],
	...['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'],
];
const isNonZero = (value: unknown): boolean =>
	Array.isArray(value)
		? value.length > 0
		: isSet(value) && Object.keys(fieldsOf(value)).length + textOf(value).length > 0;

export function ephemeralContainersProblems(value: unknown, at: string, names: Set<string>, context: PodContext) {
	const others = new Set(names);
	return collected(listOf(value), (one, index) => {
		const [container, path] = [fieldsOf(one), `${at}[${index}]`];
		const [name, target] = [textOf(container.name), textOf(container.targetContainerName)];
		const isRepeated = names.has(name);
		names.add(name);
		return [
			...commonProblems(container, path, context),
			...paddingProblems(container, path),
			...(isRepeated ? [duplicate(`${path}.name`, name)] : []),
			...(target !== '' && !others.has(target) ? [notFound(`${path}.targetContainerName`, target)] : []),
			...forbiddenForDebugging.flatMap((field) =>
				isNonZero(container[field]) ? [forbiddenField(`${path}.${field}`, notForDebugging)] : [],
			),
			...listOf(container.volumeMounts).flatMap((mount, place) =>
				['subPath', 'subPathExpr'].flatMap((field) =>
					textOf(fieldsOf(mount)[field]) === ''
						? []
						: [forbiddenField(`${path}.volumeMounts[${place}].${field}`, notForDebugging)],
				),
			),
		];
	});
}

/** Of a pod, and not of a template. @source validateContainerOnlyForPod */
export function paddingProblems({ image }: Fields, at: string): FieldProblem[] {
	const found = textOf(image);
	return found === found.trim() ? [] : [invalid(`${at}.image`, found, 'must not have leading or trailing whitespace')];
}
