using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Headgate.IntegrationTests.Fixtures;

/// <summary>
/// A real nginx on loopback that limits with <c>limit_req</c> and logs when each request arrived: a judge that is not ours. What exceeds
/// the rate is answered 429 with <c>Retry-After: 1</c>.
/// </summary>
internal sealed class Nginx : IAsyncDisposable
{
    private readonly string _folder;
    private readonly Process _process;

    private Nginx(string folder, Process process, int port) => (_folder, _process, Url) = (folder, process, new Uri($"http://127.0.0.1:{port}/"));

    public Uri Url { get; }

    /// <summary>Starts nginx with <c>limit_req rate=… burst=… nodelay</c>.</summary>
    /// <param name="rate">As nginx writes it: <c>10r/s</c>.</param>
    /// <param name="burst">How many more than the rate are let through at once; 0 for none.</param>
    /// <exception cref="InvalidOperationException">There is no nginx, or it does not start; the message says what to do.</exception>
    public static async Task<Nginx> StartAsync(string rate, int burst)
    {
        var folder = Directory.CreateTempSubdirectory("headgate-nginx-").FullName;
        for (var attempt = 1; ; attempt++)
        {
            var port = Ports.Free();
            await File.WriteAllTextAsync(Path.Combine(folder, "nginx.conf"), Configuration(folder, port, rate, burst));
            var process = Start(folder);
            if (await ListensAsync(process, port))
                return new Nginx(folder, process, port);
            // Somebody else took the port in between.
            var said = File.Exists(Path.Combine(folder, "error.log")) ? await File.ReadAllTextAsync(Path.Combine(folder, "error.log")) : "nothing";
            await EndAsync(process);
            if (attempt == 3 || !said.Contains("Address already in use", StringComparison.Ordinal))
                throw new InvalidOperationException($"nginx does not start; its log says: {said}");
        }
    }

    /// <summary>Every request in the order of its end.</summary>
    public IReadOnlyList<NginxRequest> ReadLog() => [.. File.ReadLines(Path.Combine(_folder, "access.log")).Select(NginxRequest.Parse)];

    public async ValueTask DisposeAsync()
    {
        await EndAsync(_process);
        Directory.Delete(_folder, recursive: true);
    }

    private static Process Start(string folder)
    {
        // It lives where only root looks for programs.
        var program = Environment.GetEnvironmentVariable("PATH")!.Split(':').Append("/usr/sbin").Select(path => Path.Combine(path, "nginx")).FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException("there is no nginx; ./test installs it as root (Debian: apt-get install nginx-light)");
        return Process.Start(new ProcessStartInfo(program, ["-c", Path.Combine(folder, "nginx.conf"), "-e", Path.Combine(folder, "error.log")]) { UseShellExecute = false })!;
    }

    private static async Task<bool> ListensAsync(Process process, int port)
    {
        for (var tries = 0; tries < 200 && !process.HasExited; tries++)
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, port);
                return true;
            }
            catch (SocketException)
            {
                await Task.Delay(25);
            }
        }
        return false;
    }

    /// <summary>Kills the master, and with it its worker.</summary>
    private static async Task EndAsync(Process process)
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }

    // An unset key would count nothing; "return" would answer before limit_req looks: hence $server_addr and try_files.
    private static string Configuration(string folder, int port, string rate, int burst) => $$"""
        daemon off;
        worker_processes 1;
        {{(Environment.UserName == "root" ? "user root;" : "")}}
        pid {{folder}}/nginx.pid;
        error_log {{folder}}/error.log;
        events { worker_connections 4096; }
        http {
            client_body_temp_path {{folder}}/body;
            proxy_temp_path {{folder}}/proxy;
            fastcgi_temp_path {{folder}}/fastcgi;
            uwsgi_temp_path {{folder}}/uwsgi;
            scgi_temp_path {{folder}}/scgi;
            log_format arrivals '$msec $request_time $status $request_uri';
            access_log {{folder}}/access.log arrivals;
            keepalive_requests 1000000;
            limit_req_zone $server_addr zone=all:1m rate={{rate}};
            limit_req_status 429;
            server {
                listen 127.0.0.1:{{port}} backlog=4096;
                error_page 429 @refused;
                location / {
                    limit_req zone=all {{(burst > 0 ? $"burst={burst} nodelay" : "")}};
                    try_files /x @ok;
                }
                location @ok { return 200 "ok\n"; }
                location @refused {
                    add_header Retry-After 1 always;
                    return 429;
                }
            }
        }
        """;
}

/// <summary>A request in the log of nginx.</summary>
/// <param name="Arrived">When its first byte was read, in seconds since the Unix epoch; exact to 1 ms.</param>
/// <param name="Took">From then to the last byte of the answer.</param>
internal readonly record struct NginxRequest(double Arrived, TimeSpan Took, int Status, string Path)
{
    public static NginxRequest Parse(string line)
    {
        var parts = line.Split(' ', 4);
        var (end, took) = (Number(parts[0]), Number(parts[1]));
        return new NginxRequest(end - took, TimeSpan.FromSeconds(took), int.Parse(parts[2], CultureInfo.InvariantCulture), parts[3]);

        static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
    }
}
