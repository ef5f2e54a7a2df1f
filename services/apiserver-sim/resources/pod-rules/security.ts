/** Security contexts. @source pkg/apis/core/validation ValidateSecurityContext, validatePodSpecSecurityContext */
import type { FieldProblem } from '../../../../lib/errors.ts';
import { duplicate, invalid, required, tooLong } from '../../../../lib/kube/object-meta.ts';
import {
	collected,
	each,
	type Fields,
	fields,
	fieldsOf,
	isSet,
	listOf,
	oneOf,
	optional,
	type Rule,
	relativePath,
	textOf,
	textsOf,
	unixId,
} from './rule.ts';
import { windowsOptions } from './windows.ts';

const profileTypes = oneOf('Localhost', 'RuntimeDefault', 'Unconfined');

const seccompProfile: Rule = (value, at) => {
	const { type, localhostProfile } = fieldsOf(value);
	const field = `${at}.localhostProfile`;
	const problems =
		textOf(type) === ''
			? [required(`${at}.type`, 'type is required when seccompProfile is set')]
			: profileTypes(type, `${at}.type`);
	if (type !== 'Localhost') {
		if (!isSet(localhostProfile)) return problems;
		const found = { Type: textOf(type), LocalhostProfile: localhostProfile };
		return [...problems, invalid(field, found, 'can only be set when seccomp type is Localhost')];
	}
	return isSet(localhostProfile)
		? relativePath(localhostProfile, field)
		: [required(field, 'must be set when seccomp type is Localhost')];
};

const MAX_PROFILE_BYTES = 4095;
export const appArmorProfile: Rule = (value, at) => {
	const { type, localhostProfile } = fieldsOf(value);
	const [field, profile] = [`${at}.localhostProfile`, textOf(localhostProfile)];
	if (textOf(type) === '') return [required(`${at}.type`, 'type is required when appArmorProfile is set')];
	if (type === 'Localhost') {
		const isPadded = profile !== profile.trim();
		return [
			...(isPadded ? [invalid(field, profile, 'must not be padded with whitespace')] : []),
			...(profile === '' ? [required(field, 'must be set when AppArmor type is Localhost')] : []),
			...(Buffer.byteLength(profile) > MAX_PROFILE_BYTES ? [tooLong(field, MAX_PROFILE_BYTES)] : []),
		];
	}
	const problems = profileTypes(type, `${at}.type`);
	if (problems.length > 0 || !isSet(localhostProfile)) return problems;
	return [invalid(field, profile, 'can only be set when AppArmor type is Localhost')];
};

const beforeEscalation = fields({ runAsUser: optional(unixId), runAsGroup: optional(unixId) });
const goNames = [
	...['Capabilities', 'Privileged', 'SELinuxOptions', 'WindowsOptions', 'RunAsUser', 'RunAsGroup', 'RunAsNonRoot'],
	...['ReadOnlyRootFilesystem', 'AllowPrivilegeEscalation', 'ProcMount', 'SeccompProfile', 'AppArmorProfile'],
];
/** As Go prints the context. */
function inGo(context: Fields): object {
	const capabilities = fieldsOf(context.capabilities);
	const parts = Object.entries(context).map(([name, value]) => [name.toLowerCase(), value]);
	const byName = Object.fromEntries(parts) as Fields;
	const of = (name: string) =>
		name === 'Capabilities' && isSet(context.capabilities)
			? { Add: capabilities.add ?? null, Drop: capabilities.drop ?? null }
			: (byName[name.toLowerCase()] ?? null);
	return Object.fromEntries(goNames.map((name) => [name, of(name)]));
}

export function containerSecurity(value: unknown, at: string, hasHostUsers: boolean): FieldProblem[] {
	if (!isSet(value)) return [];
	const context = fieldsOf(value);
	const { procMount, privileged, allowPrivilegeEscalation, capabilities } = context;
	const added = textsOf(fieldsOf(capabilities).add).filter((name) => name === 'CAP_SYS_ADMIN');
	const contradicts = (other: string) =>
		invalid(at, inGo(context), `cannot set \`allowPrivilegeEscalation\` to false and ${other}`);
	return [
		...beforeEscalation(value, at),
		...optional(oneOf('Default', 'Unmasked'))(procMount, `${at}.procMount`),
		...(hasHostUsers && procMount === 'Unmasked'
			? [invalid(`${at}.procMount`, procMount, '`hostUsers` must be false to use `Unmasked`')]
			: []),
		...optional(seccompProfile)(context.seccompProfile, `${at}.seccompProfile`),
		...(allowPrivilegeEscalation === false && privileged === true ? [contradicts('`privileged` to true')] : []),
		...(allowPrivilegeEscalation === false ? added.map(() => contradicts('`capabilities.Add` CAP_SYS_ADMIN')) : []),
		...windowsOptions(context.windowsOptions, `${at}.windowsOptions`),
		...optional(appArmorProfile)(context.appArmorProfile, `${at}.appArmorProfile`),
	];
}

const SYSCTL = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const sysctlForm = `^(${SYSCTL}[\\./])*${SYSCTL}$`;
const sysctlName = new RegExp(sysctlForm);
const MAX_SYSCTL = 253;

/** The namespace of the kernel that a parameter belongs to. @source component-helpers/node/util/sysctl namespaces.go */
const namespaceOf = (name: string): string | undefined =>
	/^net[./]/.test(name) ? 'net' : /^(?:kernel[./](?:sem$|shm|msg)|fs[./]mqueue[./])/.test(name) ? 'ipc' : undefined;

function sysctlProblems(value: unknown, at: string, spec: Fields): FieldProblem[] {
	const seen = new Set<string>();
	return collected(listOf(value), (sysctl, index) => {
		const [field, name] = [`${at}[${index}].name`, textOf(fieldsOf(sysctl).name)];
		const isValid = name.length <= MAX_SYSCTL && sysctlName.test(name);
		const detail = `must have at most ${MAX_SYSCTL} characters and match regex ${sysctlForm}`;
		const problems =
			name === ''
				? [required(field)]
				: isValid
					? seen.has(name)
						? [duplicate(field, name)]
						: []
					: [invalid(field, name, detail)];
		seen.add(name);
		const namespace = namespaceOf(name);
		if (spec.hostNetwork === true && namespace === 'net')
			problems.push(invalid(field, name, "may not be specified when 'hostNetwork' is true"));
		else if (spec.hostIPC === true && namespace === 'ipc')
			problems.push(invalid(field, name, "may not be specified when 'hostIPC' is true"));
		return problems;
	});
}

const beforeSysctls = fields({
	fsGroup: optional(unixId),
	runAsUser: optional(unixId),
	runAsGroup: optional(unixId),
	supplementalGroups: each(unixId),
});
const afterSysctls = fields({
	fsGroupChangePolicy: optional(oneOf('Always', 'OnRootMismatch')),
	seccompProfile: optional(seccompProfile),
	windowsOptions,
	appArmorProfile: optional(appArmorProfile),
	supplementalGroupsPolicy: optional(oneOf('Merge', 'Strict')),
	seLinuxChangePolicy: optional(oneOf('MountOption', 'Recursive')),
});

export const podSecurity = (value: unknown, at: string, spec: Fields): FieldProblem[] => [
	...beforeSysctls(value, at),
	...sysctlProblems(fieldsOf(value).sysctls, `${at}.sysctls`, spec),
	...afterSysctls(value, at),
];
