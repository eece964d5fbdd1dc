# The main job by openapi-generator's client for Ruby, and a network whose bias is a vector.
require 'uri'
require 'openapi_client'

OpenapiClient.configure do |configuration|
  address = URI(ARGV[0])
  configuration.scheme = address.scheme
  configuration.host = "#{address.host}:#{address.port}"
  configuration.server_index = nil
end
Made = OpenapiClient

def dense(units, activation)
  Made::Dense.new(kind: 'dense', units: units, activation: activation)
end

def spec(layers, features = 8)
  Made::SimulationSpec.new(network: Made::Network.new(features: features, layers: layers))
end

def nested(second)
  block = [dense(8, Made::Sigmoid.new(kind: 'sigmoid')), dense(8, second)]
  spec([Made::Repeat.new(kind: 'repeat', times: 5, layers: block), Made::Dense.new(kind: 'dense', units: 1)])
end

simulations = Made::SimulationsApi.new
report = simulations.create_simulation(nested(Made::Sigmoid.new(kind: 'sigmoid')))
puts "label: #{report.verdict.label}"
shallow = simulations.create_simulation(spec([Made::Dense.new(kind: 'dense', units: 1)]))
puts "depth ratio of a single layer: #{shallow.verdict.depth_ratio.median.inspect.sub('nil', 'null')}"
begin
  simulations.create_simulation(nested(Made::Softmax.new(kind: 'softmax')))
rescue Made::ApiError => e
  problem = Made::Problem.build_from_hash(JSON.parse(e.response_body, symbolize_names: true))
  puts "pointer of the fault: #{problem.errors[0].pointer} #{problem.code}"
end
puts "rows of the table: #{simulations.get_simulation_layers(report.digest).lines.length}"

bias = Made::ExplicitInitializer.new(kind: 'explicit', values: [[0.1, -0.2, 0.3]])
layers = [Made::Dense.new(kind: 'dense', units: 3, bias: bias), Made::Dense.new(kind: 'dense', units: 1)]
kept = simulations.get_simulation(simulations.create_simulation(spec(layers, 2)).digest)
raise 'another bias' unless kept.spec.network.layers[0].bias.values == bias.values
