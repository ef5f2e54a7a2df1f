/**
 * The rules of the operating system of a pod: the options of Windows, and the fields that Linux alone has.
 *
 * @source pkg/apis/core/validation validateWindowsSecurityContextOptions, validateWindowsHostProcessPod,
 *   validateLinux, validateWindows, release 1.37
 */
import type { FieldProblem } from '../../../../lib/errors.ts';
import { subdomainProblems } from '../../../../lib/kube/names.ts';
import { forbiddenField, invalid } from '../../../../lib/kube/object-meta.ts';
import {
	collected,
	containersOf,
	type Fields,
	fields,
	fieldsOf,
	isSet,
	optional,
	type Rule,
	text,
	textOf,
} from './rule.ts';

const KIB = 1024;
const MAX_CREDENTIAL_KIB = 64;
const MAX_DOMAIN_BYTES = 256;
const MAX_USER_BYTES = 104;

const credentialSpec: Rule = (value, at) => {
	const bytes = Buffer.byteLength(textOf(value));
	if (bytes === 0) return [invalid(at, value, 'gmsaCredentialSpec cannot be an empty string')];
	const detail = `gmsaCredentialSpec size must be under ${MAX_CREDENTIAL_KIB} KiB`;
	return bytes > MAX_CREDENTIAL_KIB * KIB ? [invalid(at, value, detail)] : [];
};

const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/u;
const dnsName = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** `DOMAIN\USER`, or a user alone. */
function* userDetails(name: string): Generator<string> {
	if (name === '') return yield 'runAsUserName cannot be an empty string';
	// biome-ignore lint/suspicious/noControlCharactersInRegex: the rule is about them
	if (/[\0-\x1f\x7f]/.test(name)) return yield 'runAsUserName cannot contain control characters';
	const parts = name.split('\\', 3);
	if (parts.length > 2) return yield 'runAsUserName cannot contain more than one backslash';
	const [domain, user = ''] = parts.length === 1 ? [undefined, name] : parts;
	if (Buffer.byteLength(domain ?? '') >= MAX_DOMAIN_BYTES)
		yield `runAsUserName's Domain length must be under ${MAX_DOMAIN_BYTES} characters`;
	if (domain !== undefined && !netBios.test(domain) && !dnsName.test(domain))
		yield "runAsUserName's Domain doesn't match the NetBios nor the DNS format";
	if (user === '') yield "runAsUserName's User cannot be empty";
	else if (Buffer.byteLength(user) > MAX_USER_BYTES)
		yield `runAsUserName's User length must not be longer than ${MAX_USER_BYTES} characters`;
	if (/^[. ]+$/.test(user)) yield "runAsUserName's User cannot contain only periods or spaces";
	if (/["/\\:;|=,+*?<>@[\]]/.test(user))
		yield 'runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]';
}

export const windowsOptions: Rule = fields({
	gmsaCredentialSpecName: optional(text(subdomainProblems)),
	gmsaCredentialSpec: optional(credentialSpec),
	runAsUserName: optional(text((name) => [...userDetails(name)])),
});

const hostProcessOf = ({ securityContext }: Fields): unknown =>
	fieldsOf(fieldsOf(securityContext).windowsOptions).hostProcess;

/** All containers run as processes of the host, or none of them. */
export function hostProcessProblems(spec: Fields, at: string): FieldProblem[] {
	const ofPod = hostProcessOf(spec);
	const containers = containersOf(spec, at);
	const problems = collected(containers, ([container, path]) => {
		const own = hostProcessOf(container);
		const detail = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
		const field = `${path}.securityContext.windowsOptions.hostProcess`;
		return isSet(ofPod) && isSet(own) && ofPod !== own ? [invalid(field, own, detail)] : [];
	});
	const count = containers.filter(([container]) => (hostProcessOf(container) ?? ofPod) === true).length;
	if (count === 0) return problems;
	const all = 'If pod contains any hostProcess containers then all containers must be HostProcess containers';
	const network = 'hostNetwork must be true if pod contains any hostProcess containers';
	return [
		...problems,
		...(count === containers.length ? [] : [invalid(at, '', all)]),
		...(spec.hostNetwork === true ? [] : [invalid(`${at}.hostNetwork`, false, network)]),
	];
}

const podFieldsOfLinux = [
	...['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'fsGroup', 'fsGroupChangePolicy', 'sysctls'],
	...['runAsUser', 'runAsGroup', 'supplementalGroups', 'supplementalGroupsPolicy', 'seLinuxChangePolicy'],
];
const containerFieldsOfLinux = [
	...['appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'capabilities', 'readOnlyRootFilesystem', 'privileged'],
	...['allowPrivilegeEscalation', 'procMount', 'runAsUser', 'runAsGroup'],
];

/** @param os  a valid name, or empty */
export function systemProblems(spec: Fields, at: string, os: string): FieldProblem[] {
	const contexts = containersOf(spec, at).map(
		([container, path]) => [fieldsOf(container.securityContext), `${path}.securityContext`] as const,
	);
	const ofPod = [fieldsOf(spec.securityContext), `${at}.securityContext`] as const;
	if (os === 'linux') {
		const detail = 'windows options cannot be set for a linux pod';
		return collected([ofPod, ...contexts], ([context, path]) =>
			isSet(context.windowsOptions) ? [forbiddenField(`${path}.windowsOptions`, detail)] : [],
		);
	}
	if (os !== 'windows') return [];
	const never = (field: string) => forbiddenField(field, 'cannot be set for a windows pod');
	const isGiven = (value: unknown): boolean => isSet(value) && !(Array.isArray(value) && value.length === 0);
	const given = ([context, path]: readonly [Fields, string], names: readonly string[]) =>
		names.filter((name) => isGiven(context[name])).map((name) => never(`${path}.${name}`));
	return [
		...given(ofPod, podFieldsOfLinux),
		...(isSet(spec.hostUsers) ? [never(`${at}.hostUsers`)] : []),
		...(spec.hostPID === true ? [never(`${at}.hostPID`)] : []),
		...(spec.hostIPC === true ? [never(`${at}.hostIPC`)] : []),
		...(isSet(spec.shareProcessNamespace) ? [never(`${at}.shareProcessNamespace`)] : []),
		...collected(contexts, (context) => given(context, containerFieldsOfLinux)),
	];
}
