/**
 * The commands whose answer differs from the recorded one, and why. The suite fails for a difference that is not in
 * this table, and for a row whose commands no longer differ.
 */
import { type ApiResource, apiVersionOf, resources } from '../../lib/kube/resources.ts';
import type { ClientVersion } from './clients.ts';

export interface Difference {
	readonly commands: readonly string[];
	/** All clients, if undefined. */
	readonly clients?: readonly ClientVersion[];
	readonly reason: string;
	/**
	 * Lines of the recorded answer that are absent here. Without `missing` and `extra`, the whole answer must be the one
	 * in recorded/reviewed.jsonl.
	 */
	readonly missing?: RegExp;
	/** Lines here that the recorded answer lacks. */
	readonly extra?: RegExp;
	/** The client prints another text, and the answer of the server is the same. */
	readonly isText?: true;
	/** If the exit code differs. */
	readonly exit?: number;
}

const served = Object.values<ApiResource>(resources);
const newer: readonly ClientVersion[] = ['1.30', '1.32', '1.35', '1.37'];

export const differences: readonly Difference[] = [
	{
		commands: ['api-resources', 'api-resources-wide'],
		clients: newer,
		reason: 'kubejoin serves fewer kinds.',
		missing: new RegExp(`^(?!NAME|(?:${served.map(({ resource }) => resource).join('|')}) )`),
	},
	{
		commands: ['api-versions'],
		reason: 'kubejoin serves fewer groups.',
		missing: new RegExp(`^(?!(?:${served.map(apiVersionOf).join('|')})$)`),
	},
	{
		commands: ['raw-apis', 'raw-api-v1', 'raw-openapi-v3', 'raw-openapi-v2'],
		reason: 'kubejoin serves fewer kinds and groups.',
	},
	{
		commands: ['raw-apis-certificates-k8s-io-v1'],
		reason: 'kubejoin serves fewer kinds.',
		missing: /clustertrustbundles|podcertificaterequests/,
		extra: /clustertrustbundles|podcertificaterequests/,
	},
	{
		commands: ['get-cm-A'],
		reason:
			'There is no front proxy, so that extension-apiserver-authentication has one entry. No token is in a Secret.',
		missing: /^kube-system {2}(?:extension-apiserver-auth|kube-apiserver-legacy)/,
		extra: /^kube-system {2}extension-apiserver-authentication {2}1 /,
	},
	{
		commands: ['get-sa-A'],
		reason: 'The controllers act as one user, without service accounts.',
		missing: /^kube-system {2}(?!default |kube-proxy )/,
	},
	{
		commands: ['get-crb-wide', 'get-rb-A'],
		reason: 'The controllers act as one user, which has the roles of the service accounts of upstream.',
		missing: /^system:controller:/,
		extra: /kubejoin:controller-manager:|^system:controller:/,
	},
	{
		commands: ['get-pods-A', 'get-all-A'],
		reason: 'There are no DaemonSets, so that kube-proxy has no pod.',
		missing: /kube-proxy|^NAMESPACE {2}NAME {2}(?:READY|DESIRED)/,
		extra: /^No resources found$/,
	},
	{
		commands: ['raw-healthz-verbose', 'raw-livez-verbose', 'raw-readyz-verbose'],
		reason: 'The health of apiserver-sim has fewer checks.',
		missing: /^\[\+\]/,
		extra: /^\[\+\]/,
	},
	{
		commands: ['raw-metrics'],
		reason: 'The metrics are those of apiserver-sim.',
		missing: /./,
		extra: /./,
	},
	{
		commands: ['create-f-pdb'],
		reason: 'The group policy is not served.',
		exit: 1,
	},
	{
		commands: ['apply-prune'],
		clients: newer,
		reason: 'The default kinds of --prune are not all served. Use --prune-allowlist.',
		exit: 1,
	},
	{
		commands: ['get-events-A'],
		reason: 'There are no DaemonSets and PodDisruptionBudgets, so that they have no events.',
		missing: /kube-proxy/,
	},
	{
		commands: ['events', 'events-watch'],
		clients: newer,
		reason: 'There are no DaemonSets and PodDisruptionBudgets, so that they have no events.',
		missing: /kube-proxy|PodDisruptionBudget/,
	},
	{
		commands: ['exec'],
		reason: 'No container runs.',
	},
	{
		commands: ['version', 'version-json'],
		clients: ['1.20', '1.32', '1.35'],
		isText: true,
		reason: 'This version of the client was not recorded. It prints itself.',
	},
	{
		commands: [
			...['config-view', 'cani-list-ns', 'apply-ss-conflict', 'patch-json-test', 'label-remove', 'describe-cm'],
			...['describe-node', 'describe-node-N', 'describe-nodes', 'describe-pod', 'get-nodes-cordoned'],
			...['describe-csr', 'describe-csr-2', 'describe-csr-3', 'wait-delete', 'complete'],
		],
		clients: ['1.20'],
		isText: true,
		reason: 'kubectl 1.20 prints another text.',
	},
	{
		commands: ['explain-node', 'explain-node-taints', 'explain-csr', 'explain-recursive', 'explain-bad'],
		clients: ['1.20'],
		isText: true,
		reason: 'kubectl 1.20 explains from OpenAPI v2, in another form.',
	},
	{
		commands: [
			...['get-node-json', 'get-node-yaml', 'get-cm-cluster-info', 'get-nodes-w-json', 'create-cm-dry', 'diff'],
			...['describe-lease', 'get-lease-yaml'],
		],
		clients: ['1.20'],
		isText: true,
		reason: 'kubectl 1.20 prints managed fields.',
	},
	{
		commands: [
			...['get-node-managed', 'whoami', 'whoami-yaml', 'as-uid', 'create-token', 'create-token-opts'],
			...['create-token-bound', 'create-token-missing', 'create-f-bad-warn', 'patch-status', 'wait-csr-cert'],
			...['wait-jsonpath', 'events', 'events-for', 'events-watch'],
		],
		clients: ['1.20'],
		isText: true,
		reason: 'kubectl 1.20 does not know the command or option.',
	},
	{
		commands: ['wait-ready', 'wait-all'],
		clients: ['1.20'],
		isText: true,
		reason: 'n-fix is not Ready, because kubectl 1.20 cannot patch its status.',
	},
	{
		commands: ['create-f-bad'],
		clients: ['1.20'],
		isText: true,
		reason: 'kubectl 1.20 finds the unknown field itself.',
	},
	{
		commands: ['api-resources', 'api-resources-wide'],
		clients: ['1.20'],
		reason: 'kubejoin serves fewer kinds.',
	},
	{
		commands: ['drain'],
		clients: ['1.20'],
		reason: 'kubectl 1.20 evicts pods if the group policy is served, and deletes them otherwise.',
	},
	{
		commands: ['apply-prune'],
		clients: ['1.20'],
		reason: 'The default kinds of --prune are not all served, here and by a kube-apiserver 1.37.',
	},
];
