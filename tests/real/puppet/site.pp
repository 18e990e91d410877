class { 'mailc':
  from    => $facts['mailc_from'],
  staging => $facts['mailc_stage'],
  root    => $facts['mailc_root'],
  node    => 'mx-dal-01.torproject.org',
  program => $facts['mailc_program'],
  modes   => { 'etc/default/postsrsd' => '0640' },
  refresh => ["sh -c 'echo reload >> ${facts['mailc_root']}/refreshed'"],
}
