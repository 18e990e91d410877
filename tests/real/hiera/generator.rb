# Random environments: hierarchies, hostile scalars, tokens, merges. The
# same seed writes the same bytes.
require 'fileutils'
require 'json'

class Generator
  PLAIN = %w[
    yes no on off true false Yes NO On OFF tRUE y n ~ null Null nULL 0755 08
    0o17 0x1F 0X1F 0b101 1_000 1__0 1,5 25,465,587 1:30 22:30 587:25 -1:30
    1:60 8080:80 1:30.5 2001:47 .5 5. 1,234.56 09.5 1.0e+3 1e3 1e+3 1.10 10.1
    10.0.0.1 +5 -7 12345678901234567890123 0x_1 0,5 0, 1. -.5 foo a-b x.y
    alice@example.org /etc/ssl/x :sym :default ::x ab:cd 1.0e-10 100000.0
    123456789.123 2024-13-01 a=b 0.1 1e15 -0 0 00 0_7 .. . +. +1 = << 1.5_5
    -0x10 0b2 0b_1 1_ é ünï x/y 2024-1 ff
  ].freeze
  QUOTED = ['', ' ', 'yes', '5', 'a b', "tab\there", "line\nbreak", 'é ✓', '%{nosuch}',
            'a"b', "it's", 'a\\b', '--x', '--b', '#x', '{x}', '%', '%{', '%%{facts.role}',
            "\u0001", "\u{1F600}", 'ENC[PKCS7,abc]', 'a: b', '- x', 'null', '~'].freeze
  TOKENS = ['%{facts.role}', '%{role}', '%{::role}', 'x-%{facts.os.name}-y', "%{lookup('a')}",
            "%{lookup('b')}", "%{hiera('c')}", "%{alias('a')}", "%{alias('hash1')}",
            "%{alias('list1')}", "%{literal('%')}{role}", "%{scope('role')}", '%{facts.list.0}',
            '%{facts.list.9}', '%{facts.list}', '%{facts.os}', '%{facts.number}', '%{facts.float}',
            '%{facts.nothing}', '%{facts.yes}', '%{nosuch}', '%{facts.nosuch.deep}', '%{}', '%{::}',
            "%{facts.'a.b'}", '%{facts."a.b"}', '%{ facts.role }', "pre %{lookup('a')} post",
            "%{lookup('hash1.k1')}", "%{lookup('list1.0')}", "%{lookup('nosuch')}",
            "%{alias('nosuch')}", '%{trusted.certname}', '%{trusted.extensions.x}',
            '%{environment}', '%{facts.environment}', '%{facts.role', '%{facts.token}',
            '%{facts.mixed}', "%{lookup('mod1::x')}", "%{lookup('hash2.k2')}",
            '%{facts.role}%{facts.number}', '%{title}', '%{module_name}'].freeze
  BAD_TOKENS = ["%{nofun('x')}", "x%{alias('a')}", "%{lookup('')}", '%{facts.role.x}',
                "%{lookup('a..b')}", "%{lookup('hash1')}", '%{facts.list.x}',
                "%{lookup('list2')}", "%{alias('hash2')}", '%{lookup(x)}',
                "%{facts.number.x}", "%{lookup('lookup_options')}", "%{lookup('1.5')}"].freeze
  KEYS = %w[a b c d hash1 hash2 hash3 list1 list2 list3 mix1 mix2 mod1::x mod1::y mod2::x
            mod1::h mod1::l deep1 deep2 uniq1 ::a site::q].freeze
  SUB = %w[k1 k2 k3 k4 sub 0 1].freeze

  attr_reader :rng, :dir, :facts_file, :global

  def initialize(seed, dir)
    @rng = Random.new(seed)
    @dir = dir
    @wild = chance(0.15)
    @anchors = []
    @strict = chance(0.12)
  end

  def chance(p)
    @rng.rand < p
  end

  def pick(list)
    list[@rng.rand(list.size)]
  end

  def write(path, text)
    file = "#{@dir}/#{path}"
    FileUtils.mkdir_p(File.dirname(file))
    File.binwrite(file, text)
  end

  def build
    @env = 'env/'
    write_facts
    layer(@env, nil, 1 + @rng.rand(chance(0.3) ? 8 : 4))
    %w[mod1 mod2].each { |m| layer("#{@env}modules/#{m}/", m, 1 + @rng.rand(2)) if chance(0.4) }
    return unless chance(0.25)
    layer('global/', nil, 1 + @rng.rand(2))
    @global = "#{@dir}/global/hiera.yaml"
  end

  def write_facts
    facts = { 'role' => pick(%w[mx srs node]), 'number' => 25, 'float' => 1.5, 'yes' => true,
              'nothing' => nil, 'list' => ['lo', 'eth0', 3], 'a.b' => 'dotted', 'a' => { 'b' => 'nested' },
              'os' => { 'name' => 'Debian', 'release' => { 'major' => '12' } },
              'environment' => 'factenv', 'token' => '%{facts.role}',
              'hash' => { 'one' => 'mx', 'two' => 'srs' }, 'roles' => %w[mx srs mx],
              'mixed' => { 'k' => ['v', 1, nil, true, 1.0e20, { 'x' => "q\"\\\n#" }] } }
    if chance(0.7)
      facts.merge!('hostname' => 'n1', 'domain' => 'example.org', 'fqdn' => 'n1.example.org',
                   'clientcert' => 'n1.example.org')
    end
    if chance(0.15)
      facts['trusted'] = { 'authenticated' => 'remote', 'certname' => 'n2.example.org',
                           'extensions' => { 'x' => 'ext', 'pp_role' => 'srs' } }
    end
    @facts_file = "#{@dir}/facts.json"
    write('facts.json', JSON.generate(facts))
  end

  def layer(root, mod, levels)
    @mod = mod
    defaults = chance(0.3) ? "defaults:\n  datadir: #{pick(%w[data hieradata ./data data/])}\n  data_hash: yaml_data\n" : ''
    @datadir = defaults[/datadir: (\S+)/, 1] || 'data'
    text = "---\nversion: 5\n#{defaults}hierarchy:\n"
    levels.times { |i| text << level(root, i) }
    text << "default_hierarchy:\n#{level(root, 99)}" if mod && chance(0.5)
    write("#{root}hiera.yaml", chance(0.06) ? spoil(text, mod) : text)
  end

  # Configurations that Puppet refuses, or reads in a way of its own.
  def spoil(text, mod)
    case @rng.rand(16)
    when 0 then text.sub('version: 5', 'version: "5"')
    when 1 then text.sub('version: 5', 'version: 5.0')
    when 2 then text.sub('hierarchy:', 'hierarchi:')
    when 3 then text.sub(/name: ".*"/, 'name: No')
    when 4 then text + text[/  - name: .*\n(?:    .*\n)*/]
    when 5 then text.sub(/    (path|glob): .*\n/) { |m| "#{m}    uris: [x]\n" }
    when 6 then "---\nversion: 5\nhierarchy:\n"
    when 7 then "---\nversion: 5\nhierarchy: []\n"
    when 8 then "---\nversion: 5\n"
    when 9 then text.sub('hierarchy:', "defaults: {datadir: data}\nhierarchy:")
    when 10 then text.sub(/    path: .*/, '    path: ""')
    when 11 then text.sub(/(    path: .*)/, "\\1\n    options: {path: x}")
    when 12 then text.sub(/(    path: .*)/, "\\1\n    options: {other: x}")
    when 13 then mod ? text : text + "default_hierarchy: []\n"
    when 14 then text.sub(/(    path: .*)/, "\\1\n    file: x")
    else text.sub(/    path: .*/, "    path: \"%{nofun('x')}.yaml\"")
    end
  end

  def strict?
    @strict
  end

  def level(root, i)
    text = +"  - name: \"level #{i}\"\n"
    dir = @datadir
    if chance(0.15)
      dir = pick(['other', 'data/%{facts.role}', './x/../data'])
      text << "    datadir: \"#{dir}\"\n"
    end
    dir = dir.gsub('%{facts.role}', role).sub(%r{x/\.\./}, '')
    FileUtils.mkdir_p("#{@dir}/#{root}x")
    return text << json_level(root, dir, i) if chance(0.12)
    text << case @rng.rand(10)
            when 0..3 then one_path(root, dir, i)
            when 4..5 then many_paths(root, dir, i)
            when 6..7 then globs(root, dir, i)
            else mapped(root, dir, i)
            end
    text
  end

  def role
    JSON.parse(File.read(@facts_file))['role']
  end

  def json_level(root, dir, i)
    write("#{root}#{dir}/j#{i}.json", JSON.generate(json_data))
    "    path: j#{i}.json\n    data_hash: json_data\n"
  end

  def json_data
    KEYS.sample(1 + @rng.rand(5), random: @rng).to_h { |k| [@mod ? "#{@mod}::#{k[/\w+$/]}" : k, json_value(2)] }
  end

  def json_value(depth)
    case @rng.rand(depth.zero? ? 5 : 8)
    when 0 then pick(QUOTED)
    when 1 then pick([1, 2.5, 1e20, -3, 1e-7, 12345678901234567890, true, false, nil, 100.0])
    when 2 then pick(TOKENS)
    when 3..4 then pick(%w[x y b])
    when 5 then Array.new(@rng.rand(4)) { json_value(depth - 1) }
    else SUB.sample(@rng.rand(4), random: @rng).to_h { |k| [k, json_value(depth - 1)] }
    end
  end

  def one_path(root, dir, i)
    path = pick(["l#{i}.yaml", "r/%{facts.role}-#{i}.yaml", "n/%{trusted.certname}-#{i}.yaml",
                 "m/%{nosuch}#{i}.yaml", "./p#{i}.yaml", "q/%{::os.release.major}/#{i}.yaml", "../up#{i}.yaml",
                 "missing#{i}.yaml"])
    real = path.gsub('%{facts.role}', role).gsub('%{nosuch}', '').gsub('%{::os.release.major}', '12')
               .gsub('%{trusted.certname}', pick(['n1.example.org', 'n2.example.org', '']))
    data("#{root}#{dir}/#{real}") unless path.start_with?('missing')
    odd_file("#{@dir}/#{root}#{dir}/missing#{i}.yaml") if path.start_with?('missing') && chance(0.2)
    "    path: \"#{path}\"\n"
  end

  # What may stand in place of a data file.
  def odd_file(file)
    FileUtils.mkdir_p(File.dirname(file))
    return if File.symlink?(file) || File.exist?(file)
    case @rng.rand(3)
    when 0 then FileUtils.mkdir_p(file)
    when 1 then File.symlink('/nonexistent/file', file)
    else File.symlink(File.basename(file), file)
    end
  end

  def many_paths(root, dir, i)
    n = 1 + @rng.rand(3)
    n.times { |k| data("#{root}#{dir}/s#{i}-#{k}.yaml") if chance(0.75) }
    "    paths:\n" + (0...n).map { |k| "      - s#{i}-#{k}.yaml\n" }.join
  end

  def globs(root, dir, i)
    names = ["g#{i}/a.yaml", "g#{i}/a-b.yaml", "g#{i}/a/x.yaml", "g#{i}/b/y.yaml", "g#{i}/.hid.yaml", "g#{i}/z.yml"]
    names.each { |n| data("#{root}#{dir}/#{n}") if chance(0.4) }
    glob = pick(["g#{i}/*.yaml", "g#{i}/**/*.yaml", "g#{i}/{b,a}/*.yaml", "g#{i}/*", "g#{i}/?.yaml",
                 "g#{i}/[ab]*.yaml", "g#{i}/**/{x,y}.yaml", "g#{i}/*/*"])
    chance(0.7) ? "    glob: \"#{glob}\"\n" : "    globs:\n      - \"#{glob}\"\n      - \"g#{i}/z.*\"\n"
  end

  def mapped(root, dir, i)
    var = pick(%w[facts.roles facts.role facts.hash roles ::roles nosuch facts.nothing])
    %w[mx srs].each { |r| data("#{root}#{dir}/mp#{i}-#{r}.yaml") if chance(0.6) }
    template = var == 'facts.hash' ? "mp#{i}-%{item.1}.yaml" : "mp#{i}-%{item}.yaml"
    "    mapped_paths: [\"#{var}\", item, \"#{template}\"]\n"
  end

  def data(path)
    @anchors = []
    text = +''
    if chance(0.02)
      text = pick(["", "# only\n", "- a\n- b\n", "scalar\n", "---\n", "a: 2024-01-01\n", "a: [1\n", "a: b: c\n",
                   "a: *nope\n", "\t- x\n", "false\n", "a: \xff\n", "a: 1\n--- junk: [\n", "a: 1\n...\n}}\n",
                   "\uFEFFa: bom\n", "%YAML 1.1\n---\na: 1\n"])
      return write(path, text)
    end
    keys = KEYS.sample(3 + @rng.rand(9), random: @rng)
    keys = keys.map { |k| "#{@mod}::#{k[/\w+$/]}" }.uniq if @mod
    keys.each { |k| text << "#{key_text(k)}:#{node(shape(k), 0)}" }
    text << options if chance(0.3)
    text = text.gsub("\n", "\r\n") if chance(0.03)
    write(path, text)
  end

  def key_text(key)
    key =~ /\A[a-z]\w*(::\w+)?\z/ ? key : JSON.generate(key)
  end

  # Keys have shapes, so that merges mostly meet what they can merge.
  def shape(key)
    return tree(2) if @wild && chance(0.2)
    case key
    when /hash|deep|::h/ then hash(key =~ /deep/ ? 3 : 2)
    when /list|uniq|::l/ then list(key =~ /deep/ ? 2 : 1)
    when /mix/ then tree(2)
    else scalar
    end
  end

  # What nearly is a number, a time or a word.
  def nearly
    text = Array.new(1 + @rng.rand(6)) { pick(%w[0 1 7 8 9 12 60 _ . : , - + e E x b o : . 0x 0b e+ yes no null 2024 -01 T :30 inf nan]) }.join
    text =~ /\A(---|\.\.\.|[-?:](\z| )|[,])|:\z/ ? '5' : text
  end

  def scalar
    return [:plain, nearly] if chance(0.12)
    case @rng.rand(20)
    when 0..6 then [:plain, pick(PLAIN)]
    when 7..10 then [:quoted, pick(QUOTED)]
    when 11..15 then [:quoted, pick(TOKENS)]
    when 16 then @wild ? [:quoted, pick(BAD_TOKENS)] : [:plain, 'same']
    when 17 then [:block, "one\n  two\n"]
    when 18 then [:plain, pick(%w[x y same 5])]
    else [:tag, pick(['!!str 5', '!!int "7"', '!x "yes"', '!!float 3', '! "5"', '!!binary aGk=', '!!null x', '!!bool "on"'])]
    end
  end

  def tree(depth)
    case @rng.rand(depth.zero? ? 1 : 3)
    when 0 then scalar
    when 1 then list(depth)
    else hash(depth)
    end
  end

  def list(depth)
    [:list, Array.new(@rng.rand(5)) { depth <= 1 || chance(0.6) ? item : tree(depth - 1) }]
  end

  def item
    chance(0.5) ? [:plain, pick(%w[x y z b a 1 2 --b --x 1.0])] : scalar
  end

  def hash(depth)
    keys = SUB.sample(@rng.rand(5), random: @rng)
    keys << pick(['25', 'yes', '"%{facts.role}_k"', '"--k1"', '1:30', ':s', '"25"', '~', '"a.b"']) if chance(0.12)
    keys << keys.first if chance(0.03) && !keys.empty?
    [:hash, keys.map { |k| [k, depth <= 1 || chance(0.5) ? scalar : tree(depth - 1)] }]
  end

  def options
    text = +"lookup_options:\n"
    n = 0
    KEYS.sample(1 + @rng.rand(4), random: @rng).each do |k|
      k = "#{@mod}::#{k[/\w+$/]}" if @mod
      k = "^#{k[0, 3 + @rng.rand(3)]}" if chance(0.25) && !@mod
      next if text.include?("\"#{k}\":")
      # Puppet makes a list of a million items of a large number.
      say = k =~ /hash|list/ && k !~ /\^/ && chance(0.1) ? '{convert_to: Array}' : option
      text << "  \"#{k}\": #{say}\n"
      n += 1
    end
    n.zero? ? '' : text
  end

  def option
    deep = ['strategy: deep']
    deep << "knockout_prefix: '#{pick(['--', '--', 'x', '-'])}'" if chance(0.5)
    deep << "sort_merged_arrays: #{pick(%w[true false])}" if chance(0.3)
    deep << "merge_hash_arrays: #{pick(%w[true true false])}" if chance(0.3)
    pick(['{merge: first}', '{merge: unique}', '{merge: hash}', '{merge: deep}', "{merge: {#{deep.join(', ')}}}",
          "{merge: {#{deep.join(', ')}}}", '{merge: {strategy: hash}}', '{convert_to: String}', '{convert_to: Integer}',
          '{convert_to: Boolean}', '{convert_to: [Array, true]}', '{}',
          @wild ? '{merge: nosuch}' : '{merge: unique}', '{merge: {strategy: reverse_deep}}', '{convert_to: Float}',
          '{convert_to: Numeric}', '{convert_to: Hash}', '{merge: {strategy: unique}}',
          '{merge: default}', '{merge: false}', "{merge: '%{facts.role}'}", 'null', 'false', 'plain', '{merge: }',
          '{merge: {strategy: unconstrained_deep, sort_merged_arrays: true}}'])
  end

  def node(node, depth)
    pad = '  ' * (depth + 1)
    kind, what = node
    anchor = ''
    if chance(0.04) && !@anchors.empty?
      return " *#{pick(@anchors)}\n"
    elsif chance(0.04) && kind != :tag
      @anchors << "n#{@anchors.size}"
      anchor = " &#{@anchors.last}"
      name = @anchors.pop
    end
    text =
      case kind
      when :plain then "#{anchor} #{what}\n"
      when :tag then " #{what}\n"
      when :quoted then "#{anchor} #{quote(what)}\n"
      when :block then "#{anchor} #{pick(['|', '>', '|-', '>-', '|+'])}\n#{pad}#{what.gsub("\n  ", "\n" + pad)}"
      when :list
        if what.empty? then "#{anchor} []\n"
        else "#{anchor}\n" + what.map { |v| "#{pad}-#{node(v, depth + 1)}" }.join
        end
      else
        if what.empty? then "#{anchor} {}\n"
        else "#{anchor}\n" + what.map { |k, v| "#{pad}#{k}:#{node(v, depth + 1)}" }.join + merge_key(pad)
        end
      end
    @anchors << name if name
    text
  end

  def merge_key(pad)
    return '' unless chance(0.05)
    return "#{pad}<<: {k1: merged, k9: merged}\n" if @anchors.empty? || chance(0.6)
    pick(["#{pad}<<: *#{pick(@anchors)}\n", "#{pad}<<: [*#{pick(@anchors)}, {k2: second}]\n"])
  end

  def quote(text)
    return JSON.generate(text) unless text !~ /[\x00-\x1f]/ && chance(0.5)
    "'#{text.gsub("'", "''")}'"
  end

  def keys
    all = KEYS.sample(12, random: @rng)
    all += Array.new(6) { "#{pick(%w[hash1 hash2 deep1 list1 mix1 mod1::h a])}.#{pick(SUB)}" }
    all << pick(["a..b", "a.'k1'", "hash1.'k1'", "hash1.\"25\"", 'hash1.25', 'nosuch', 'lookup_options', 'mix1.k1.k2',
                 "deep1.sub.k1", "hash1. k1 ", '1.5', '', 'list1.-1', "''", 'nomod::x', 'mod1::nosuch', 'list1.x'])
    all.uniq
  end

  def merges
    all = [[nil, []]]
    all << [{ 'strategy' => pick(%w[first unique hash]) }]
    prefix = chance(0.5) ? pick(['--', '--', 'x']) : nil
    sort = chance(0.2)
    by_position = chance(0.3)
    all << [{ 'strategy' => 'deep', 'sort_merged_arrays' => sort, 'merge_hash_arrays' => by_position }
              .merge(prefix ? { 'knockout_prefix' => prefix } : {})]
    all.map { |m| [m[0], arguments(m[0])] }
  end

  def arguments(merge)
    return [] unless merge
    args = ['--merge', merge['strategy']]
    args += ['--knock-out-prefix', merge['knockout_prefix']] if merge['knockout_prefix']
    args << '--sort-merged-arrays' if merge['sort_merged_arrays']
    args << '--merge-hash-arrays' if merge['merge_hash_arrays']
    args
  end
end
