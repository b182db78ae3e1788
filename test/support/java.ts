/** What the Java servers under test share: how the JVM starts, and a log on stdout. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, spawnChild } from './child.ts'

/** Starts faster and takes less memory; peak throughput is not what these servers are for. */
export const quickStartFlags = [
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  '-XX:-UsePerfData',
  '-Djava.awt.headless=true',
  '-Djava.net.preferIPv4Stack=true',
]

/** Of log4j 1, which Kafka has: all to stdout. */
export const log4jProperties = `
log4j.rootLogger=INFO, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=%d{HH:mm:ss,SSS} %p %m (%c{1})%n
`

export interface JavaOptions {
  name: string
  classPath: readonly string[]
  mainClass: string
  args: readonly string[]
  /** Of -Xmx. */
  heapMb: number
  properties?: Record<string, string>
  /** Instead of those that make tests start faster. */
  jvmFlags?: readonly string[]
  /** Where the log's configuration goes, and the working directory. */
  folder: string
}

export function spawnJava(options: JavaOptions): Child {
  const { name, classPath, mainClass, args, heapMb, properties = {}, folder } = options
  const { jvmFlags = quickStartFlags } = options
  const logConfiguration = join(folder, 'log4j.properties')
  writeFileSync(logConfiguration, log4jProperties)
  return spawnChild({
    name,
    command: 'java',
    args: [
      `-Xmx${heapMb}m`,
      ...jvmFlags,
      // Kafka's class path has reload4j, ZooKeeper's has slf4j-simple.
      `-Dlog4j.configuration=file:${logConfiguration}`,
      '-Dorg.slf4j.simpleLogger.logFile=System.out',
      '-Dorg.slf4j.simpleLogger.showDateTime=true',
      '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss,SSS',
      ...Object.entries(properties).map(([key, value]) => `-D${key}=${value}`),
      '-cp',
      classPath.join(':'),
      mainClass,
      ...args,
    ],
    cwd: folder,
    env: { JAVA_TOOL_OPTIONS: undefined },
  })
}
