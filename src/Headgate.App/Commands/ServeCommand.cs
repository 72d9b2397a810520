using System.CommandLine;
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
        var (flags, service) = (new EngineFlags(), new ServeFlags());
        Option<bool> allowPrivate = new("--allow-private") { Description = "Send to private and loopback addresses, too, for whoever can reach this service." };
        var command = new Command("serve", """
            Serves jobs over HTTP: submit, wait, ask, cancel. A request that was accepted is done, whatever dies on the way.

            Its URL is the first line on stdout. It listens on loopback only, and ends in good order with Ctrl-C or SIGTERM: what is in flight is
            finished, everything else goes on at the next start.
            """);
        foreach (var option in (IEnumerable<Option>)[.. service.All, allowPrivate, .. flags.OfService])
            command.Options.Add(option);
        command.SetAction(async (parse, stop) =>
        {
            var options = new ServeOptions
            {
                Engine = flags.Read(parse, service.Read(parse)),
                AllowsPrivate = parse.GetValue(allowPrivate),
            };
            CheckReach(options.Serve);
            var configuration = parse.InvocationConfiguration;
            return (int)await new ServiceHost(options, configuration.Output, configuration.Error, TimeProvider.System).RunAsync(stop);
        });
        return command;
    }

    private static void CheckReach(ServeConfiguration serve)
    {
        if (serve.Listen.FirstOrDefault(url => !url.IsLoopback) is { } open)
            throw new CommandException(ExitCode.Configuration, $"listen {open}: this version listens on loopback only, since whoever reaches it could send anything; give 127.0.0.1 or [::1], and put a proxy with authentication before it");
    }
}
