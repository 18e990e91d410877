# The real Puppet, asked in one process: what `puppet lookup` answers for a
# key in an environment, as [class, JSON text or message].
require 'puppet'
require 'puppet/node'
require 'puppet/node/facts'
require 'puppet/parser/compiler'
require 'puppet/pops'
require 'tmpdir'
require 'json'

class Reference
  def initialize
    @home = Dir.mktmpdir('mailc-reference')
    Puppet.initialize_settings(
      ['--confdir', "#{@home}/conf", '--vardir', "#{@home}/var",
       '--codedir', "#{@home}/code", '--strict', 'warning'])
    Puppet[:code] = 'undef'
    Puppet::Util::Log.level = :emerg
    Puppet::Util::Log.newdestination(:null) rescue nil
    @json = Puppet::Network::FormatHandler.format(:json)
    @yaml = Puppet::Network::FormatHandler.format(:yaml)
  end

  def close
    FileUtils.rm_rf(@home)
  end

  # Yields a scope of the environment dir/name for one node.
  def scope(dir, name, node_name, facts_file, global, strict)
    Puppet[:hiera_config] = global || "#{@home}/conf/hiera.yaml"
    Puppet[:strict] = strict ? :error : :warning
    Puppet[:strict_variables] = strict
    loader = Puppet::Environments::Directories.new(dir, [])
    Puppet.override(environments: loader) do
      environment = loader.get(name.to_sym)
      environment = environment.override_with({}) if environment
      given = read_facts(facts_file)
      Puppet.override(current_environment: environment) do
        facts = Puppet::Node::Facts.new(node_name, {})
        facts.add_extra_values(given)
        indirection = Puppet::Node.indirection
        indirection.terminus_class = :plain
        node = indirection.find(node_name, facts: facts, environment: environment)
        node.environment = environment
        compiler = Puppet::Parser::Compiler.new(node)
        Puppet::Util.skip_external_facts do
          compiler.compile { |catalog| yield(compiler.topscope); catalog }
        end
      end
    end
  end

  def read_facts(file)
    if file.end_with?('.json')
      Puppet::Util::Json.load_file(file)
    else
      Puppet::Util::Yaml.safe_load_file(file)
    end
  end

  def ask(scope, key, merge, render = :json)
    # convert_to changes the options that Puppet keeps: begin afresh.
    Puppet::Pops::Lookup::LookupAdapter.clear(scope.compiler)
    invocation = Puppet::Pops::Lookup::Invocation.new(scope, {}, {}, nil)
    value = Puppet::Pops::Lookup.lookup([key], nil, :nothing_found, true, merge, invocation)
    return ['not found', nil] if value == :nothing_found
    ['found', (render == :yaml ? @yaml : @json).render(value)]
  rescue StandardError, SystemStackError => e
    ['error', "#{e.class}: #{e.message}".lines.first.to_s[0, 300]]
  end
end
