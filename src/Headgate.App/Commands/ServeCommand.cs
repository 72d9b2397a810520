using System.CommandLine;
using Headgate.App.Distribution;
using Headgate.App.Runs;
using Headgate.App.Security;
using Headgate.App.Service;
using Headgate.Configuration;

namespace Headgate.App.Commands;

/// <summary><c>headgate serve</c>: its options, read into <see cref="ServeOptions"/>.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var (flags, service, seeing, variables) = (new EngineFlags(), new ServeFlags(), new SeeingFlags(), ServiceVariables.FileOption());
        Option<bool> allowPrivate = new("--allow-private") { Description = "Send to private and loopback addresses, too, for whoever can reach this service." };
        Option<bool> allowAnyone = new(ListenGuard.Flag) { Description = "Listen beyond loopback although no token is needed: whoever reaches this service may do everything." };
        Option<ServeProfile> profile = new("--profile") { HelpName = "test|prod", Description = "POST /process without requests makes simulated calls: test makes few and quick ones, prod many and slow ones. TEST_MODE says the same." };
        var command = new Command("serve", """
            Serves jobs over HTTP: submit, wait, ask, cancel. A request that was accepted is done, whatever dies on the way.

            Its URL is the first line on stdout. It listens on loopback only until there is a token (headgate tokens add); from then on each call
            needs one. It ends in good order with Ctrl-C or SIGTERM: what is in flight is finished, everything else goes on at the next start.
            """);
        foreach (var option in (IEnumerable<Option>)[.. service.All, profile, allowPrivate, allowAnyone, .. flags.OfService, .. seeing.All, variables])
            command.Options.Add(option);
        command.SetAction(async (parse, stop) =>
        {
            ServiceVariables.Load(parse.GetValue(variables));
            var engine = flags.ReadOfService(parse, [.. service.Read(parse), .. seeing.Read(parse)]);
            var options = new ServeOptions
            {
                Engine = engine,
                Distributor = DistributorOptions.Read(engine.Environment, parse.GetResult(profile) is null ? null : parse.GetValue(profile) == ServeProfile.Test),
                AllowsPrivate = parse.GetValue(allowPrivate),
                AllowsAnyone = parse.GetValue(allowAnyone),
            };
            CheckKeys(options);
            var configuration = parse.InvocationConfiguration;
            return (int)await new ServiceHost(options, configuration.Output, configuration.Error, TimeProvider.System).RunAsync(stop);
        });
        return command;
    }

    private static void CheckKeys(ServeOptions options)
    {
        // Keys of calls that are simulated need no API beside.
        if (!options.Distributor.IsOn && ServiceEnvironment.FindFault(options.Engine.Environment, options.Engine.Configuration) is { } fault)
            throw new ConfigurationException([fault]);
    }
}

/// <summary>How much <c>POST /process</c> simulates.</summary>
internal enum ServeProfile
{
    Test,
    Prod,
}
