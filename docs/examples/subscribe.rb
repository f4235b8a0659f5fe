#!/usr/bin/env ruby
# Prints every event below a topic and misses none, with nothing but the standard library.
#   subscribe.rb http://localhost:2069/json [cursor]
require 'json'
require 'net/http'

# Calls the block with each event, for ever; after a lost connection it goes on from the cursor of the last line.
def subscribe(url, cursor = nil)
  uri = URI(url)
  loop do
    request = Net::HTTP::Get.new(uri, 'Accept' => 'application/x-ndjson')
    request['X-Fetch-Since-Cursor'] = cursor if cursor
    begin
      # Keep-alives come every 5 seconds: a stream that is silent for 12 is dead.
      Net::HTTP.start(uri.host, uri.port, use_ssl: uri.scheme == 'https', read_timeout: 12, max_retries: 0) do |http|
        http.request(request) do |response|
          raise ArgumentError, response.body if response.is_a?(Net::HTTPClientError)

          response.value # raises unless it is a success
          rest = +''
          response.read_body do |chunk|
            rest << chunk
            while (line = rest.slice!(/\A.*\n/))
              event = JSON.parse(line)
              yield event unless event.key?('stillalive')
              cursor = event['pubsub_cursor']
            end
          end
        end
      end
    rescue SystemCallError, IOError, Timeout::Error, SocketError, Net::ProtocolError
      # the broker is away, or the connection is lost
    end
    sleep 1
  end
end

if $PROGRAM_NAME == __FILE__
  $stdout.sync = true
  subscribe(*ARGV) { |event| puts JSON.generate(event) }
end
