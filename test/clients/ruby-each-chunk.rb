# Subscribes with net/http and parses each piece by itself, as PyPubSub's Ruby client does: ruby ruby-each-chunk.rb URL [SINCE]
require 'json'
require 'net/http'

$stdout.sync = $stderr.sync = true

def report(event)
  is_keep_alive = event.is_a?(Hash) && event.key?('stillalive')
  (is_keep_alive ? $stderr : $stdout).puts JSON.generate(event)
end

uri = URI(ARGV[0])
Net::HTTP.start(uri.host, uri.port, read_timeout: 11) do |http|
  request = Net::HTTP::Get.new(uri.request_uri)
  request['X-Fetch-Since'] = ARGV[1] if ARGV[1]
  http.request(request) do |response|
    response.read_body { |piece| report(JSON.parse(piece)) }
  end
end
abort 'the stream ended'
