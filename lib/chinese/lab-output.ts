/**
 * Lines that the lab prints in Chinese, by their English text: the evidence of verdicts, and the output of steps. The
 * lab itself prints English, because experiments compare its output with patterns. Braces mark values.
 */
import { sentenceInChinese } from '../errors/chinese/index.ts';
import { sentences } from '../errors/chinese/sentences.ts';
import { translator } from '../errors/chinese/template.ts';
import { printedTexts } from './printed.ts';

/** Of `judge security`. */
const security: Readonly<Record<string, string>> = {
	'{name} received 1 connection and {bytes} bytes of a token': '{name} 收到 1 个连接，收到令牌 {bytes} 字节',
	'{name} received {count} connections and {bytes} bytes of a token':
		'{name} 收到 {count} 个连接，收到令牌 {bytes} 字节',
	'no node connected to {name}': '没有节点连接 {name}',
	'{name} has no identity': '{name} 没有身份',
	'no certificate was issued with the token {name}': '没有用令牌 {name} 签发证书',
	'the certificate of {name} is not accepted': '{name} 的证书不被接受',
	'{name} has no certificate': '{name} 没有证书',
	'the CA issued one certificate for {name}': 'CA 为 {name} 签发了一份证书',
	'no node has a label that only admins can set': '没有节点带有只有管理员能设置的标签',
	'every request with a stolen credential was refused': '使用窃取的凭据的请求均被拒绝',
	'every node has joined or has no identity': '每个节点或已加入集群，或没有身份',
	'no other node joined': '没有其他节点加入集群',
	'no node connected to {name}, so the verdict is unknown': '没有节点连接 {name}，因此结论未知',
	'{name} received {count} connections': '{name} 收到 {count} 个连接',
	'{name} never had a certificate, so the verdict is unknown': '{name} 从未有过证书，因此结论未知',
	'the API server still accepts the certificate of {name}': 'API 服务器仍接受 {name} 的证书',
	'it is unknown whether the certificate of {name} is accepted: {problem}':
		'{name} 的证书是否被接受尚不清楚：{problem}',
	'the CA issued {count} certificates for {name}': 'CA 为 {name} 签发了 {count} 份证书',
	'{name} has a label of node-restriction.kubernetes.io': '{name} 带有 node-restriction.kubernetes.io 的标签',
	'no stolen credential was used, so the verdict is unknown': '没有使用过窃取的凭据，因此结论未知',
	'no experiment runs, so the verdict is unknown': '没有正在运行的实验，因此结论未知',
	'{name} joined, and does not belong to this experiment': '{name} 加入了集群，但不属于此实验',
	'{request} was issued to a holder of the token {name}': '{request} 签发给了持有令牌 {name} 的一方',
	'{name} has a certificate': '{name} 有证书',
	'the cluster lists {name}': '集群中有节点 {name}',
	'the CA has signed {request} for {name}': 'CA 为 {name} 签发了 {request}',
	"{name} received {bytes} bytes of a token's secret": '{name} 收到令牌秘密，{bytes} 字节',
	'{name} has captured {node}': '{name} 已俘获 {node}',
	'it cannot be judged: {problem}': '无法判断：{problem}',
	'ca-service returned the certificate that it had issued to {node}, serial {serial}':
		'ca-service 返回了已签发给 {node} 的证书，序列号 {serial}',
	'ca-service issued a second certificate for one request of {node}, serial {after} after {before}':
		'ca-service 为 {node} 的同一请求签发了第二份证书，序列号 {before} 之后为 {after}',
	'no secret is in a forbidden place': '没有机密信息出现在不允许的位置',
	'a secret is in a forbidden place': '有机密信息出现在不允许的位置',
};

/** Of `judge availability`. */
const availability: Readonly<Record<string, string>> = {
	'after {seconds} s {problem}': '{seconds} 秒后：{problem}',
	'after {seconds} s: {proof}': '{seconds} 秒后：{proof}',
	'{nodes} is not Ready': '{nodes} 未就绪',
	'{nodes} are not Ready': '{nodes} 未就绪',
	'{nodes} sent no heartbeat since the question': '{nodes} 此后没有发送心跳',
	'{problem}. Start it again, or remove it with "{command}"': '{problem}。重新启动该节点，或将其删除：`{command}`',
	'{node} at {time}': '{node} 于 {time}',
	'{nodes}, and {count} more': '{nodes} 等，另有 {count} 个',
	'no node has joined': '没有节点加入集群',
	'the API server did not answer: {problem}': 'API 服务器没有应答：{problem}',
	'{faulty}. Restore the services with "bin/lab reset"': '{faulty}。恢复服务：`bin/lab reset`',
};

const others: Readonly<Record<string, string>> = {
	'steady: {count} services run': '稳态：{count} 个服务在运行',
	'not steady: {problems}': '不处于稳态：{problems}',
	'expected exit code {expected}, got {found} ({reason})': '预期退出码为 {expected}，实际为 {found}（{reason}）',
	'expected {target} to match {pattern}, got {found} ({reason})':
		'预期 {target} 匹配 `{pattern}`，实际为 `{found}`（{reason}）',
	'the program took longer than {seconds} s': '程序运行超过 {seconds} 秒',
	'the program was stopped': '程序已停止',
	'the program did not start: {problem}': '程序没有启动：{problem}',
	'the program {path} was not found': '没有找到程序 {path}',
	'the program printed more than {bytes} bytes': '程序的输出超过 {bytes} 字节',
	'there was nothing to restore': '没有需要恢复的内容',
	'removed {names}': '已移除 {names}',
	'restored {count} tokens': '已恢复 {count} 个令牌',
	'restored {names}': '已恢复 {names}',
	'resumed {service}': '{service} 继续运行',
	'started {service}': '{service} 已启动',
	'reconnected {service}': '{service} 已恢复连接',
	'restored the settings and clock of {service}': '已恢复 {service} 的设置和时钟',
	'removed the container of nodes and attackers': '已移除节点和攻击者的容器',
	'only nodes run here, and this command is about services': '此处只运行节点，此命令针对服务',
	'{path} is not there': '{path} 不存在',
	'the mesh that wrote {path} does not run any more': '写入 {path} 的 kubejoin 已不再运行',
	'this mesh has no connection to {service}': '没有到 {service} 的连接',
	'{count} nodes and attackers exist, and no more can be started': '已有 {count} 个节点和攻击者，不能再启动',
	'a probe failed: {probe}': '探针未通过：`{probe}`',
	'{service} is stopped': '{service} 已停止',
	'{service} is paused': '{service} 已挂起',
	'{name}: joined': '{name}：已加入',
	'{name}: paused': '{name}：已挂起',
	'{name}: waiting': '{name}：正在等待',
	'{name}: started again': '{name}：已再次启动',
	'{name}: removed': '{name}：已移除',
	'{name}: running': '{name}：正在运行',
	'{name}: refused {code}, exit code {exit}': '{name}：未能加入，{code}，退出码 {exit}',
	'{name}: refused {code}, by a signal': '{name}：未能加入，{code}，由信号终止',
	'{name}: ended, by a signal': '{name}：已结束，由信号终止',
	'{name}: connections {connections}, requests {requests}, token bytes {bytes}, captured {captured}':
		'{name}：连接 {connections}，请求 {requests}，令牌字节 {bytes}，俘获 {captured}',
	'captured: {node}, with a certificate of its own, serial {serial}':
		'已俘获 {node}，它持有攻击者的证书，序列号 {serial}',
	'asked: {method}': '收到请求：{method}',
	'token {id}: {kept}, {signed}': '令牌 {id}：{kept}，{signed}',
	'token {id} is created': '令牌 {id} 已创建',
	'token {id} is deleted': '令牌 {id} 已删除',
	'{name} expired at {time}': '{name} 已于 {time} 过期',
	'deleted {count} tokens': '删除了 {count} 个令牌',
	'certificates: {count}': '证书：{count}',
	'{kind} is expected to be {verdict}': '预期 {kind} 为 {verdict}',
	'{count} lines': '{count} 行',
	'{count} of {nodes} nodes rotated {times} times or more: {rotations} rotations':
		'{nodes} 个节点中有 {count} 个轮换了 {times} 次以上：共 {rotations} 次',
	'instants: {count} shared': '时刻：{count} 次相同',
	'secrets found: {count}': '发现机密信息：{count}',
	'searched {texts} texts, {bytes} bytes, for {secrets} secrets; and {count} files of nodes':
		'在 {texts} 段文本（{bytes} 字节）和节点的 {count} 个文件中查找了 {secrets} 项机密信息',
	'{service} was {how} for {seconds} s': '{service} 停机 {seconds} 秒（{how}）',
	'{step}: resumed': '{step}：继续',
	'{step}: ended with {code}, joined when started again': '{step}：以 {code} 结束，再次启动后加入',
	'the fault had no effect: the clock of {service} {offset}': '故障没有生效：{service} 的时钟{offset}',
	'{outcome} (its clock {offset})': '{outcome}（时钟{offset}）',
	'is off by {seconds} s': '偏移 {seconds} 秒',
	'is not known': '未知',
	'{edge} is delayed by {milliseconds} ms, with {tool}': '{edge} 延迟 {milliseconds} ms（{tool}）',
	'{edge} is cut, with {tool}': '{edge} 已断开（{tool}）',
	'{edge} is healed': '{edge} 已恢复',
	'{service} ended with exit code {code}': '{service} 以退出码 {code} 结束',
	'{service} was ended by {signal}': '{service} 由 {signal} 终止',
	'{service} is killed': '{service} 已终止',
	'{service} is started': '{service} 已启动',
	'{service} runs again': '{service} 继续运行',
	'{service} is cut off': '{service} 已断开连接',
	'{service} is connected again': '{service} 已恢复连接',
	'{service} runs with {changes}': '{service} 以新设置运行：{changes}',
	'a clock shifted by {offset}': '时钟偏移 {offset}',
	'{name} is removed': '{name} 已移除',
	'{name} listens on {address}': '{name} 监听 {address}',
	'planted in {path}': '已放入 {path}',
	'in {place}': '位于 {place}',
	'the logs of the services': '各服务的日志',
	'output of {name}': '{name} 的输出',
	'log of {name}': '{name} 的日志',
	'command line of process {id}': '进程 {id} 的命令行',
	'step {step} of join {join} at the observer': 'observer 中加入 {join} 的步骤 {step}',
	'{path} was left behind': '{path} 没有删除',
	'{path} holds the secret of a token': '{path} 含有令牌秘密',
	'{path} has mode {mode}, and must have 0600': '{path} 的权限为 {mode}，应为 0600',
	'error: {message}': '错误：{message}',
	'code: {code}': '代码：{code}',
	'most likely: {cause}': '最可能：{cause}',
	'also possible: {cause}': '也可能：{cause}',
	'do this: {remedy}': '处理：{remedy}',
};

/** Lines that the lab composes of parts, so that no literal has them. */
export const composedLabOutput: Readonly<Record<string, string>> = {
	'{nodes} is not in the cluster': '{nodes} 不在集群中',
	'{nodes} are not in the cluster': '{nodes} 不在集群中',
	'every node of the mesh is Ready, with a heartbeat since the question: {heartbeats}':
		'所有节点均为 Ready，并在此后发送了心跳：{heartbeats}',
	'{nodes} and every node of the mesh are Ready, with a heartbeat since the question: {heartbeats}':
		'{nodes} 和其他所有节点均为 Ready，并在此后发送了心跳：{heartbeats}',
	'security is violated': '安全性被破坏',
	'availability is violated': '可用性被破坏',
	'security is held, not violated as expected': '安全性保持，不符合预期',
	'it ended with exit code {code} and has no tolerance ({reason})': '以退出码 {code} 结束，没有设置容许值（{reason}）',
	'there is no mesh for the experiments: {path} is not there, and {problem}':
		'没有可供实验的 kubejoin：{path} 不存在；{problem}',
	'there is no mesh for the experiments: the mesh that wrote {path} does not run any more, and {problem}':
		'没有可供实验的 kubejoin：写入 {path} 的 kubejoin 已不再运行；{problem}',
	'{service} is changed': '{service} 的设置已更改',
	'{name}: killed': '{name}：已终止',
	'{name}: runs again': '{name}：继续运行',
	'{name}: stopped': '{name}：已停止',
	'{name}: ended, exit code {exit}': '{name}：已结束，退出码 {exit}',
	'instants: all different': '时刻：各不相同',
	'spread: even, {count} in the busiest second': '分布：均匀，最繁忙的一秒内 {count} 次',
	'spread: bunched, {count} in the busiest second': '分布：集中，最繁忙的一秒内 {count} 次',
	'{step}: half joined: ended with {code}, and again when it was started again':
		'{step}：加入不完整：以 {code} 结束，再次启动后仍如此',
	'(ended with exit code {code})': '（以退出码 {code} 结束）',
	'(was ended by {signal})': '（由 {signal} 终止）',
	'the kubeconfig is added': 'kubeconfig 已添加',
	'the kubeconfig is removed': 'kubeconfig 已移除',
	'{command}: outcome: {outcome}': '{command}：结果：{outcome}',
	'{first}; {rest}': '{first}；{rest}',
};

/** In characters. A longer text is output of another program. */
const MAX_LENGTH = 1_000;

export const labOutputTexts: Readonly<Record<string, string>> = { ...security, ...availability, ...others };

const translate = translator({ ...sentences, ...printedTexts, ...labOutputTexts, ...composedLabOutput });
const verdictWords: Readonly<Record<string, string>> = {
	...{ security: '安全性', availability: '可用性' },
	...{ held: '保持', violated: '被破坏' },
};
const verdictLine = /^(security|availability): (held|violated)(?![\w-]):?\s*(.*)$/;

/** Between clauses, not between those of a reason in parentheses. */
const clauses = /; (?![^(]*\))/;

/**
 * An evidence, or a line of the output of a step.
 *
 * @returns undefined for output of kubeadm, kubectl and other programs
 */
export function labOutputInChinese(text: string): string | undefined {
	if (text.length > MAX_LENGTH) return undefined;
	const [, kind = '', verdict = '', rest = ''] = verdictLine.exec(text) ?? [];
	if (kind !== '') {
		const words = `${verdictWords[kind]}：${verdictWords[verdict]}`;
		return rest === '' ? words : `${words}：${labOutputInChinese(rest) ?? rest}`;
	}
	const [before = ''] = /^\s*/.exec(text) ?? [];
	const line = text.slice(before.length).replace(/^([a-z ]+:) +/, '$1 ');
	const translated = line.split(clauses).map((part) => translate(part));
	const whole = translated.every((part) => part !== undefined)
		? translated.join('；')
		: (translate(line) ?? sentenceInChinese(line));
	return whole !== undefined && /\p{Script=Han}/u.test(whole) ? before + whole : undefined;
}
