using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Headgate.IntegrationTests.Fixtures;

/// <summary>The proxies of others that the tests use.</summary>
internal enum ProxyProgram
{
    Tinyproxy,
    Microsocks,
    Squid,

    /// <summary>Squid, spoken to within TLS.</summary>
    SquidTls,
}

/// <summary>
/// A real proxy on loopback that connects from a source address of its own, so that who is called sees which one it came through. It asks for
/// user and password: <c>me</c> and <see cref="Password"/>.
/// </summary>
internal sealed partial class DebianProxy : IAsyncDisposable
{
    public const string User = "me";
    public const string Password = "hunter2";

    private readonly string _folder;
    private readonly Process _process;

    private DebianProxy(string folder, Process process, ProxyProgram program, int port, string exit) =>
        (_folder, _process, Program, Port, Exit) = (folder, process, program, port, exit);

    public ProxyProgram Program { get; }

    public int Port { get; }

    /// <summary>The address it connects from.</summary>
    public string Exit { get; }

    /// <summary>Its URL without credentials, as results name it.</summary>
    public string Name => $"{Scheme}://{(Program == ProxyProgram.SquidTls ? "localhost" : "127.0.0.1")}:{Port}";

    /// <summary>With the right credentials.</summary>
    public string Url => With($"{User}:{Password}");

    private string Scheme => Program switch { ProxyProgram.Microsocks => "socks5", ProxyProgram.SquidTls => "https", _ => "http" };

    public string With(string credentials) => Name.Replace("://", $"://{credentials}@", StringComparison.Ordinal);

    /// <summary>Starts one.</summary>
    /// <param name="program">Which.</param>
    /// <param name="exit">The last part of the address it connects from: 127.0.0.x.</param>
    /// <param name="certificate">PEM with its key, for TLS.</param>
    public static async Task<DebianProxy> StartAsync(ProxyProgram program, int exit, string? certificate = null)
    {
        var folder = Directory.CreateTempSubdirectory("headgate-proxy-").FullName;
        for (var attempt = 1; ; attempt++)
        {
            var port = Ports.Free();
            var proxy = new DebianProxy(folder, Start(program, folder, port, $"127.0.0.{exit}", certificate), program, port, $"127.0.0.{exit}");
            if (await proxy.ListensAsync())
                return proxy;
            await proxy.EndAsync();
            if (attempt == 3)
                throw new InvalidOperationException($"{program} does not start; its log says: {string.Join('\n', Directory.GetFiles(folder, "*.log").Select(File.ReadAllText))}");
        }
    }

    /// <summary>SIGKILL.</summary>
    public void Kill() => _process.Kill(entireProcessTree: true);

    /// <summary>The same, and waits until it is gone.</summary>
    public Task KillAsync()
    {
        Kill();
        return _process.WaitForExitAsync();
    }

    /// <summary>SIGSTOP: connections are still taken, by the system, and nothing is said on them.</summary>
    public void Stop() => _ = Send(_process.Id, 19);

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<bool> ListensAsync()
    {
        for (var tries = 0; tries < 400 && !_process.HasExited; tries++)
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, Port);
                return true;
            }
            catch (SocketException)
            {
                await Task.Delay(25);
            }
        }
        return false;
    }

    private async Task EndAsync()
    {
        if (!_process.HasExited)
            Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static Process Start(ProxyProgram program, string folder, int port, string exit, string? certificate)
    {
        var settings = Path.Combine(folder, "conf");
        switch (program)
        {
            case ProxyProgram.Microsocks:
                return Run("microsocks", folder, "-i", "127.0.0.1", "-p", $"{port}", "-b", exit, "-u", User, "-P", Password);
            case ProxyProgram.Tinyproxy:
                File.WriteAllText(settings, $"""
                    Port {port}
                    Listen 127.0.0.1
                    Bind {exit}
                    Timeout 600
                    MaxClients 500
                    LogFile "{folder}/tinyproxy.log"
                    LogLevel Warning
                    Allow 127.0.0.0/8
                    BasicAuth {User} {Password}
                    """ + "\n");
                return Run("tinyproxy", folder, "-d", "-c", settings);
            default:
                WriteSquid(settings, folder, port, exit, certificate);
                return Run("squid", folder, "-N", "-n", $"headgate{port}", "-f", settings);
        }
    }

    private static void WriteSquid(string settings, string folder, int port, string exit, string? certificate)
    {
        File.WriteAllText(Path.Combine(folder, "auth.sh"), $"while read -r line; do case \"$line\" in \"{User} {Password}\") echo OK ;; *) echo ERR ;; esac; done\n");
        if (certificate is not null)
            File.WriteAllText(Path.Combine(folder, "tls.pem"), certificate);
        File.WriteAllText(settings, $"""
            {(certificate is null ? $"http_port 127.0.0.1:{port}" : $"https_port 127.0.0.1:{port} tls-cert={folder}/tls.pem")}
            tcp_outgoing_address {exit}
            auth_param basic program /bin/sh {folder}/auth.sh
            auth_param basic children 2 startup=1
            acl known proxy_auth REQUIRED
            http_access allow known
            http_access deny all
            cache deny all
            cache_mem 8 MB
            access_log none
            cache_log {folder}/squid.log
            cache_store_log none
            pid_filename {folder}/squid.pid
            coredump_dir {folder}
            netdb_filename none
            shutdown_lifetime 0 seconds
            """ + "\n");
        // As root it becomes another user, who has to write here.
        if (!OperatingSystem.IsWindows() && Environment.UserName == "root")
            foreach (var path in Directory.GetFileSystemEntries(folder).Append(folder))
                File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111);
    }

    private static Process Run(string program, string folder, params string[] arguments)
    {
        var path = Environment.GetEnvironmentVariable("PATH")!.Split(':').Append("/usr/sbin").Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException($"there is no {program}; ./test installs it as root (Debian: apt-get install {program})");
        var start = new ProcessStartInfo(path, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        var process = Process.Start(start)!;
        // Read, or it would wait for somebody who does.
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Send(int process, int signal);
}
