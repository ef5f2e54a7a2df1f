/** The commands of views that have nothing to show. A test of the mesh runs those with npm. */

/** Each works as it is pasted: with `npm start` in its directory, or with Docker alone. */
export interface Commands {
	readonly npm: string;
	readonly docker: string;
}

const kubectl = 'npx kubectl-sim --kubeconfig .kubejoin/pki/admin/admin.conf';
/** The configuration has a token, so it stays in the state directory. Another node can have the default port. */
const join = (name: string, more: string): string =>
	`${kubectl} token create --print-join-config --to .kubejoin/join.yaml && npx kubelet-sim join ` +
	`--config .kubejoin/join.yaml --node-name ${name}${more} --root .kubejoin/nodes/${name} --healthz-port 0`;

export const joinCommands: Commands = {
	npm: join('node-2', ''),
	docker: 'docker compose up -d --scale kubelet-sim=2',
};
export const stormCommands: Commands = {
	npm: join('storm', ' --nodes 100'),
	docker: 'docker compose up -d --scale kubelet-sim=20',
};
export const tokenCommands: Commands = {
	npm: `${kubectl} token create`,
	docker: 'docker compose run --rm kubectl-sim token create',
};
