using System.CommandLine;
using System.Net;
using Headgate.App.CommandLine;
using Headgate.App.Runs;
using Headgate.App.Service;
using Headgate.Configuration;

namespace Headgate.App.Commands;

/// <summary><c>headgate serve</c>: its options, read into <see cref="ServeOptions"/>.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var flags = new EngineFlags();
        Option<string[]> listen = new("--listen") { HelpName = "URL", Description = $"Where the API listens, on loopback; port 0 takes a free one (default http://127.0.0.1:{ServeOptions.UsualPort})." };
        Option<string> data = new("--data") { HelpName = "DIR", Description = "Where jobs and the record of sends are kept; ./data by default." };
        Option<string> queue = new("--queue") { HelpName = "URL", Description = "sqlite: keeps jobs in --data (default), memory: only for as long as the process lives." };
        Option<string[]> ups = new("--up") { HelpName = "NAME=BASE_URL", Description = "An API by its base address, which may be private; more of it goes into the configuration." };
        Option<string> root = new("--up-root") { HelpName = "NAME", Description = "The whole port is a reverse proxy for that API, but for the service's own paths." };
        Option<bool> allowPrivate = new("--allow-private") { Description = "Send to private and loopback addresses, too, for whoever can reach this service." };
        var command = new Command("serve", """
            Serves jobs over HTTP: submit, wait, ask, cancel. A request that was accepted is done, whatever dies on the way.

            Its URL is the first line on stdout. It listens on loopback only, and ends in good order with Ctrl-C or SIGTERM: what is in flight is
            finished, everything else goes on at the next start.
            """)
        {
            listen, data, queue, ups, root, allowPrivate,
        };
        foreach (var option in flags.OfService)
            command.Options.Add(option);
        command.SetAction(async (parse, stop) =>
        {
            var engine = flags.Read(parse, (parse.GetValue(ups) ?? []).Select(ReadApi));
            var options = new ServeOptions
            {
                Listen = parse.GetValue(listen) is { Length: > 0 } urls ? [.. urls.Select(ReadAddress)] : [new IPEndPoint(IPAddress.Loopback, ServeOptions.UsualPort)],
                Data = Path.GetFullPath(parse.GetValue(data) ?? "data"),
                KeepsNothing = IsMemory(parse.GetValue(queue)),
                AllowsPrivate = parse.GetValue(allowPrivate),
                Root = ReadRoot(parse.GetValue(root), engine),
                Engine = engine,
            };
            var configuration = parse.InvocationConfiguration;
            return (int)await new ServiceHost(options, configuration.Output, configuration.Error, TimeProvider.System).RunAsync(stop);
        });
        return command;
    }

    private static bool IsMemory(string? queue) => queue switch
    {
        null or "sqlite:" => false,
        "memory:" => true,
        _ => throw new CommandException(ExitCode.Usage, $"--queue \"{queue}\" is neither sqlite: nor memory:"),
    };

    private static IPEndPoint ReadAddress(string text)
    {
        var authority = text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? text["http://".Length..].TrimEnd('/') : text;
        authority = authority.Replace("localhost", "127.0.0.1", StringComparison.OrdinalIgnoreCase);
        if (!IPEndPoint.TryParse(authority, out var address))
            throw new CommandException(ExitCode.Usage, $"--listen \"{text}\" is no address; for example http://127.0.0.1:{ServeOptions.UsualPort}");
        if (!IPAddress.IsLoopback(address.Address))
            throw new CommandException(ExitCode.Configuration, $"--listen \"{text}\": this version listens on loopback only, since whoever reaches it could send anything; give 127.0.0.1 or [::1], and put a proxy with authentication before it");
        return address.Port == 0 && !authority.EndsWith(":0", StringComparison.Ordinal) ? new IPEndPoint(address.Address, ServeOptions.UsualPort) : address;
    }

    private static string? ReadRoot(string? name, EngineSettings engine) => name is null || engine.Configuration.Upstreams.Any(api => api.Name == name)
        ? name
        : throw new CommandException(ExitCode.Usage, $"--up-root \"{name}\": no API is called so; give it with --up {name}=BASE_URL, or in the configuration");

    private static ConfigurationOverride ReadApi(string text) => text.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } address]
        ? new ConfigurationOverride($"/upstreams/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}/base", [address], "--up")
        : throw new CommandException(ExitCode.Usage, $"--up \"{text}\": give a name and a base address, for example --up github=https://api.github.com");
}
