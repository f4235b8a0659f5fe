# Subscribes with net/http and joins what it reads to lines: ruby ruby-lines.rb URL [SINCE]
require 'json'
require 'net/http'

$stdout.sync = $stderr.sync = true

def report(event)
  is_keep_alive = event.is_a?(Hash) && event.key?('stillalive')
  (is_keep_alive ? $stderr : $stdout).puts JSON.generate(event)
end

uri = URI(ARGV[0])
Net::HTTP.start(uri.host, uri.port, read_timeout: 11) do |http|
  request = Net::HTTP::Get.new(uri)
  request['X-Fetch-Since'] = ARGV[1] if ARGV[1]
  http.request(request) do |response|
    pending = +''
    response.read_body do |piece|
      pending << piece
      while (line = pending.slice!(/\A[^\n]*\n/))
        report(JSON.parse(line))
      end
    end
  end
end
abort 'the stream ended'
