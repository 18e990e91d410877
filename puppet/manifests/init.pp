# A node's mail configuration, compiled by mailc and installed by Puppet.
#
# mailc compiles into a stage, which is one tree or the former one; only when
# it is complete does Puppet install from it. A mistake in the data fails the
# run, and what is installed stays as it was.
#
# @param from     the directory that holds hiera.yaml, data, roles, templates
# @param staging  where mailc compiles to
# @param root     below which files are installed
# @param node     whose configuration: its fqdn
# @param program  mailc
# @param modes    path below root => mode, where it is not 0644
# @param refresh  commands that make daemons read what has changed
class mailc (
  String               $from,
  String               $staging = '/var/lib/mailc',
  String               $root    = '',
  String               $node    = $facts['networking']['fqdn'],
  String               $program = '/usr/local/bin/mailc',
  Array[String]        $refresh = [],
  Hash[String, String] $modes = {},
) {
  $compile = [
    $program, '-C', $from, 'compile', '--node', $node, '-o', $staging,
  ]

  exec { 'mailc compile':
    command => $compile,
    # 0: the stage is current. 2: it is not. 1: the data is wrong, and the
    # command says so as well.
    unless  => [$compile + ['--check', '-q']],
  }

  # What a role writes lives below etc. A file that the stage no longer has
  # stays installed; other files there are none of mailc's business.
  file { "${root}/etc":
    ensure  => directory,
    source  => "${staging}/${node}/etc",
    recurse => remote,
    mode    => '0644',
    require => Exec['mailc compile'],
  }
  $modes.each |$path, $mode| {
    file { "${root}/${path}":
      source    => "${staging}/${node}/${path}",
      mode      => $mode,
      show_diff => false,
      require   => Exec['mailc compile'],
    }
  }

  $refresh.each |$command| {
    exec { "mailc: ${command}":
      command     => $command,
      path        => ['/usr/sbin', '/usr/bin', '/sbin', '/bin'],
      refreshonly => true,
      subscribe   => File["${root}/etc", *$modes.keys.map |$path| {
        "${root}/${path}"
      }],
    }
  }
}
