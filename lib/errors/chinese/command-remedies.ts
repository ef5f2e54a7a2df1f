/**
 * Remedies of commands and of files that people write, in Chinese: YAML, kubeconfigs, certificates and keys. Lower-case
 * sentences are values of other remedies, after the place in the file.
 */
const yaml: Readonly<Record<string, string>> = {
	'At line {line}, column {column}, {remedy}': '第 {line} 行第 {column} 列：{remedy}',
	'At line {line}, column {column} of {path}, {remedy}': '{path} 的第 {line} 行第 {column} 列：{remedy}',
	'Give a smaller file, or divide it': '减小文件，或拆分为多个文件',
	'Save the file as UTF-8': '将文件保存为 UTF-8',
	'The file is UTF-16 without a byte order mark: save it as UTF-8': '文件是没有字节顺序标记的 UTF-16：请保存为 UTF-8',
	'delete the control character, or write it as an escape between double quotes':
		'删除控制字符，或在双引号中写成转义序列',
	'give a smaller file, or divide it': '减小文件，或拆分为多个文件',
	'nest fewer lists and maps': '减少列表和映射的嵌套层数',
	'correct the syntax': '更正语法',
	'put a value that begins with [, {, *, &, !, %, @ or ` or that has ": " or " #" in it between double quotes':
		'值以方括号、花括号、反引号或 `*`、`&`、`!`、`%`、`@` 开头时，请加双引号。值包含后接空格的冒号或空格后的井号时，也请加双引号',
	'indent with blanks; YAML allows no tabs': '用空格缩进；YAML 不允许制表符',
	'write the key on one line, followed by a colon and a blank': '将键写在一行，后接冒号和空格',
	'close the quote or the bracket, and separate items by a comma': '补全引号或括号，各项之间用逗号分隔',
	'indent the keys of one map by the same number of blanks': '同一映射的各个键用相同数量的空格缩进',
	'inside [ ] and { } use commas, not lines': '方括号和花括号内用逗号分隔，不要用换行',
	'write a backslash as two, or use single quotes': '将反斜线写成两个，或改用单引号',
	'leave the tag out, or put the value between double quotes': '删除标签（tag），或给值加双引号',
	'shorten the key to 1024 characters': '将键缩短到 1024 个字符以内',
	'use a text as the key': '用文本作为键',
	'write the fields out in place of <<': '写出各个字段，不要用合并键',
	'keep one of the two keys': '两个相同的键只保留一个',
	'write values out in place of aliases; {count} are allowed': '写出值，不要用别名；最多允许 {count} 个别名',
	'merge an alias of a map with <<': '合并键的值必须是映射的别名',
};

/** Code puts the file before the remedy. */
const inFile: Readonly<Record<string, string>> = Object.fromEntries(
	Object.entries(yaml)
		.filter(([english]) => /^(At line \{line\}, column \{column\},|[GST])/.test(english))
		.map(([english, chinese]) => [`In {path}: ${english}`, `{path}：${chinese}`]),
);

const kubeconfig: Readonly<Record<string, string>> = {
	'In {path}, {remedy}': '{path} 中：{remedy}',
	'For user "{name}" in {path}, {remedy}': '{path} 中的用户 {name}：{remedy}',
	'Name a kubeconfig, which has kind: Config and apiVersion: v1, in place of {path}':
		'{path} 不是 kubeconfig：请指定含 `kind: Config` 和 `apiVersion: v1` 的文件',
	'Name a kubeconfig in place of {path}': '{path} 不是 kubeconfig：请指定 kubeconfig',
	'put the value in double quotes': '给值加双引号',
	'put the name in double quotes': '给名称加双引号',
	'write true or false without quotes': '写 true 或 false，不加引号',
	'write a list of texts in double quotes': '写成列表，每一项是加双引号的文本',
	'write a map of fields': '写成含各个字段的映射',
	'begin each item of {list} with "- "': '{list} 的每一项以连字符和空格开头',
	'write name: and {item}: below it': '在其下写 `name:` 和 `{item}:`',
	'write its fields below {item}:': '在 `{item}:` 之下写各个字段',
	'keep one of the two': '两者只保留一个',
	'keep one of them': '只保留其中一个',
	'Name a cluster of {path} in its current context: kubectl-sim config view':
		'在 {path} 的当前上下文中指定其中的集群：`kubectl-sim config view`',
	'Name a user of {path} in its current context: kubectl-sim config view':
		'在 {path} 的当前上下文中指定其中的用户：`kubectl-sim config view`',
	'Choose a context of {path}: kubectl-sim config use-context NAME':
		'选择 {path} 中的上下文：`kubectl-sim config use-context NAME`',
	'Choose another context of {path}: kubectl-sim config get-contexts':
		'选择 {path} 中的其他上下文：`kubectl-sim config get-contexts`',
	'Remove proxy-url from cluster "{name}" in {path}; it works if the server can be reached directly':
		'从 {path} 的集群 {name} 中删除 `proxy-url`；可以直接访问服务器时即可使用',
	'Remove insecure-skip-tls-verify from cluster "{name}" in {path}':
		'从 {path} 的集群 {name} 中删除 `insecure-skip-tls-verify`',
	'Replace insecure-skip-tls-verify with certificate-authority-data in {path}':
		'将 {path} 中的 `insecure-skip-tls-verify` 改为 `certificate-authority-data`',
	'Add certificate-authority-data to cluster "{name}" in {path}: base64 -w0 ca.crt':
		'在 {path} 的集群 {name} 中添加 `certificate-authority-data`：`base64 -w0 ca.crt`',
	'give the server as https://HOST:PORT': '将服务器写成 `https://HOST:PORT`',
	'remove the blanks around the server': '删除服务器地址前后的空格',
	'put credentials into the user entry, not into the server': '将凭据写在用户条目中，不要写在服务器地址中',
	'give the address of the API server itself, not that of a proxy below a path':
		'填写 API 服务器本身的地址，不要填写带路径的代理地址',
	'give an address without a zone': '填写不带区域（zone）的地址',
	'put the IPv6 address in brackets: https://[HOST]:PORT': '将 IPv6 地址写在方括号中：`https://[HOST]:PORT`',
	'give a port from 1 to 65535': '端口必须在 1 到 65535 之间',
	'remove as-uid, as-groups and as-user-extra': '删除 `as-uid`、`as-groups` 和 `as-user-extra`',
	'remove the fields that begin with as': '删除以 as 开头的字段',
	'put a token or a client certificate in place of {field}': '将 {field} 改为令牌或客户端证书',
	'Add {field}-data or {file} to user "{name}" in {path}': '在 {path} 的用户 {name} 中添加 {field}-data 或 {file}',
	'Remove {field} or {file}-data from {kind} "{name}" in {path}':
		'从 {path} 的 {kind} {name} 中删除 {field} 或 {file}-data',
	'Write {field}-data in {path} with: base64 -w0 FILE': '{path} 中的 {field}-data 用此命令生成：`base64 -w0 FILE`',
	'Write a token into {path}': '在 {path} 中写入令牌',
	'Remove the {what} from the token of user "{name}" in {path}': '从 {path} 中用户 {name} 的令牌里删除：{what}',
	'Name another file than {file} in {path}': '在 {path} 中指定 {file} 以外的文件',
	'Replace {path} by a fresh kubeconfig': '用新的 kubeconfig 替换 {path}',
	'Choose another directory: the owner of {path} can replace every file in it':
		'请选择其他目录：{path} 的所有者可以替换其中的任何文件',
	'Name another file: {path} is too long for its purpose': '请指定其他文件：{path} 过大',
};

const keys: Readonly<Record<string, string>> = {
	'replace the certificate: it is damaged': '替换证书：证书已损坏',
	'replace the CA certificate: it is damaged': '替换 CA 证书：证书已损坏',
	'give the private key that the certificate was issued for; these two do not belong together':
		'填写与证书对应的私钥；现在的私钥与证书不匹配',
	'give the CA certificate as PEM: it begins with -----BEGIN CERTIFICATE-----':
		'填写 PEM 格式的 CA 证书：以 `-----BEGIN CERTIFICATE-----` 开头',
	'give the client certificate as PEM: it begins with -----BEGIN CERTIFICATE-----':
		'填写 PEM 格式的客户端证书：以 `-----BEGIN CERTIFICATE-----` 开头',
	'exchange the client certificate and the client key': '客户端证书与客户端私钥的位置颠倒，请互换',
	'give the client certificate': '填写客户端证书',
	'give the private key as PEM: it begins with -----BEGIN and ends with PRIVATE KEY-----':
		'填写 PEM 格式的私钥：首行以 `-----BEGIN` 开头，以 `PRIVATE KEY-----` 结尾',
	'give the private key in place of the certificate': '填写私钥，而不是证书',
	'give the private key': '填写私钥',
	'decrypt the private key, which has a passphrase, with: openssl pkey -in KEY -out DECRYPTED':
		'私钥有密码，请先解密：`openssl pkey -in KEY -out DECRYPTED`',
	'replace the private key: it is damaged, or of a kind that is not RSA, EC or Ed25519':
		'替换私钥：私钥已损坏，或不是 RSA、EC 或 Ed25519 私钥',
	'Replace the certificates and the key in {path}': '替换 {path} 中的证书和私钥',
};

const commands: Readonly<Record<string, string>> = {
	'See: kubectl-sim {command} --help': '查看帮助：`kubectl-sim {command} --help`',
	'Leave the option out, or correct the object': '去掉该选项，或更正对象',
	'See: {program} --help': '查看帮助：`{program} --help`',
	'Name one of these types: {types}': '请指定以下类型之一：{types}',
	'Did you mean {near}? Run: {command}': '是否要找 {near}？请运行：`{command}`',
	'Name one of these phases: {phases}': '请指定以下阶段之一：{phases}',
	'Skip only these phases, or none: {phases}': '只能跳过以下阶段，或不跳过任何阶段：{phases}',
	'Write hours, minutes and seconds, as in: --ttl 24h': '用小时（h）、分钟（m）和秒（s）表示，例如：`--ttl 24h`',
	'Write: --ttl {ttl}': '请写：`--ttl {ttl}`',
	'Give the path of admin.conf with --kubeconfig FILE or in KUBECONFIG':
		'用 `--kubeconfig FILE` 或 KUBECONFIG 指定 admin.conf 的路径',
	'List the contexts: kubectl-sim config get-contexts': '列出上下文：`kubectl-sim config get-contexts`',
	'Set a context: kubectl-sim config use-context NAME': '设置上下文：`kubectl-sim config use-context NAME`',
	'A decision is final: create a new request for the certificate': '裁定不能更改：请为证书创建新的请求',
	'Move these arguments into the file, or remove --config': '将这些参数写入文件，或去掉 `--config`',
	'Raise the limit in this shell, then start the nodes again: ulimit -n {count}':
		'在此 shell 中提高上限，然后重新启动节点：`ulimit -n {count}`',
	'Choose another --root, or remove the files of the earlier join: kubelet-sim reset --root {root}':
		'选择其他 `--root`，或删除上次加入留下的文件：`kubelet-sim reset --root {root}`',
	'Leave out --nodes': '去掉 `--nodes`',
	'Use --port {port} or a smaller one': '使用 `--port {port}` 或更小的端口',
	'Leave out --dry-run, or stop earlier: --until {phase}': '去掉 `--dry-run`，或提前停止：`--until {phase}`',
	'Name one of {names}': '请指定以下之一：{names}',
	'Kill, pause or cut it': '请用 kill、pause 或 cut',
	'Heal it first': '请先恢复（heal）',
	'Name a connection to token-store or ca-service': '请指定到 token-store 或 ca-service 的连接',
};

/** Sentences of which no literal has all. */
export const composedRemedies: Readonly<Record<string, string>> = {
	...inFile,
	'line break': '换行符',
	'control character': '控制字符',
	'character outside ASCII': '非 ASCII 字符',
	'Remove the {what} from the token of user "{name}" in {path}: write it on one line, between double quotes':
		'{path} 中用户 {name} 的令牌请写在一行，加双引号，并删除：{what}',
};

export const commandRemedies: Readonly<Record<string, string>> = { ...yaml, ...kubeconfig, ...keys, ...commands };
