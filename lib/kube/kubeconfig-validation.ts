/** The checks of a whole kubeconfig, which kubeadm makes of a discovery file: also of entries that are not used. */
import { quoteInput } from '../text.ts';
import type { Kubeconfig, KubeconfigCluster, KubeconfigContext, KubeconfigUser } from './kubeconfig.ts';
import { labelProblems } from './names.ts';

/**
 * Every problem, in upstream's words.
 *
 * @param whyUnreadable  why a file of the kubeconfig cannot be opened, or undefined
 * @source client-go tools/clientcmd validation.go Validate
 */
export function kubeconfigProblems(
	{ clusters, contexts, users }: Kubeconfig,
	whyUnreadable: (file: string) => string | undefined,
): readonly string[] {
	const named = { clusters: namesOf(clusters), users: namesOf(users) };
	return [
		...contexts.flatMap(({ name, context }) => contextProblems(name, context, named)),
		...users.flatMap(({ name, user }) => userProblems(show(name), user, whyUnreadable)),
		...clusters.flatMap(({ name, cluster }) => clusterProblems(name, cluster, whyUnreadable)),
	];
}

const namesOf = (items: readonly { readonly name: string }[]): ReadonlySet<string> =>
	new Set(items.map(({ name }) => name));
const show = (name: string): string => quoteInput(name).slice(1, -1);

function contextProblems(
	name: string,
	{ cluster, user, namespace }: KubeconfigContext,
	named: { readonly clusters: ReadonlySet<string>; readonly users: ReadonlySet<string> },
): readonly string[] {
	const context = quoteInput(name);
	const problem = (kind: string, entry: string, known: ReadonlySet<string>): readonly string[] => {
		if (entry === '') return [`${kind} was not specified for context ${context}`];
		return known.has(entry) ? [] : [`${kind} ${quoteInput(entry)} was not found for context ${context}`];
	};
	return [
		...(name === '' ? ['an empty context name is not allowed'] : []),
		...problem('user', user, named.users),
		...problem('cluster', cluster, named.clusters),
		...(namespace !== undefined && labelProblems(namespace).length > 0
			? [`namespace ${quoteInput(namespace)} for context ${context} does not conform to the kubernetes DNS_LABEL rules`]
			: []),
	];
}

function userProblems(
	name: string,
	user: KubeconfigUser,
	whyUnreadable: (file: string) => string | undefined,
): readonly string[] {
	const hasBasic = user.username !== undefined || user.password !== undefined;
	const isAsAny =
		user['as-uid'] !== undefined || user['as-groups'] !== undefined || user['as-user-extra'] !== undefined;
	return [
		...certificateProblems(name, user, whyUnreadable),
		...(user.exec === undefined ? [] : execProblems(name, user.exec, user['auth-provider'] !== undefined)),
		...(user.token !== undefined && hasBasic
			? [`more than one authentication method found for ${name}; found [token basicAuth], only one is allowed`]
			: []),
		...(isAsAny && user.as === undefined
			? [`requesting uid, groups or user-extra for ${name} without impersonating a user`]
			: []),
	];
}

function certificateProblems(
	name: string,
	{
		'client-certificate': certificate,
		'client-certificate-data': certificateData,
		'client-key': key,
		'client-key-data': keyData,
	}: KubeconfigUser,
	whyUnreadable: (file: string) => string | undefined,
): readonly string[] {
	if (certificate === undefined && certificateData === undefined) return [];
	const unreadable = (what: string, file: string | undefined): readonly string[] => {
		const why = file === undefined ? undefined : whyUnreadable(file);
		return why === undefined ? [] : [`unable to read ${what} ${show(file ?? '')} for ${name} due to ${why}`];
	};
	return [
		...(certificate !== undefined && certificateData !== undefined
			? [`client-cert-data and client-cert are both specified for ${name}. client-cert-data will override.`]
			: []),
		...(key !== undefined && keyData !== undefined
			? [`client-key-data and client-key are both specified for ${name}; client-key-data will override`]
			: []),
		...(key === undefined && keyData === undefined
			? [`client-key-data or client-key must be specified for ${name} to use the clientCert authentication method.`]
			: []),
		...unreadable('client-cert', certificate),
		...unreadable('client-key', key),
	];
}

const interactiveModes: readonly unknown[] = ['Never', 'IfAvailable', 'Always'];

/** @source also api/v1 defaults.go: older versions of the plugin have a default mode */
function execProblems(name: string, exec: Readonly<Record<string, unknown>>, hasProvider: boolean): readonly string[] {
	const { command, apiVersion, interactiveMode: mode } = exec;
	const isMissing = (value: unknown) => value === undefined || value === null || value === '';
	const hasDefaultMode = /^client\.authentication\.k8s\.io\/v1(alpha|beta)1$/.test(String(apiVersion));
	return [
		...(hasProvider ? [`authProvider cannot be provided in combination with an exec plugin for ${name}`] : []),
		...(isMissing(command) ? [`command must be specified for ${name} to use exec authentication plugin`] : []),
		...(isMissing(apiVersion) ? [`apiVersion must be specified for ${name} to use exec authentication plugin`] : []),
		...(isMissing(mode) && !hasDefaultMode
			? [`interactiveMode must be specified for ${name} to use exec authentication plugin`]
			: []),
		...(!isMissing(mode) && !interactiveModes.includes(mode)
			? [`invalid interactiveMode for ${name}: ${quoteInput(String(mode))}`]
			: []),
	];
}

function clusterProblems(
	name: string,
	{ server, 'certificate-authority': file, 'certificate-authority-data': data }: KubeconfigCluster,
	whyUnreadable: (file: string) => string | undefined,
): readonly string[] {
	const why = file === undefined ? undefined : whyUnreadable(file);
	return [
		...(server !== ''
			? []
			: [name === '' ? 'default cluster has no server defined' : `no server found for cluster ${quoteInput(name)}`]),
		...(file !== undefined && data !== undefined
			? [
					`certificate-authority-data and certificate-authority are both specified for ${show(name)}. ` +
						'certificate-authority-data will override.',
				]
			: []),
		...(why === undefined
			? []
			: [`unable to read certificate-authority ${show(file ?? '')} for ${show(name)} due to ${why}`]),
	];
}
