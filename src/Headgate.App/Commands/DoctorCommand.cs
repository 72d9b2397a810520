using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Headgate.App.Backups;
using Headgate.App.CommandLine;
using Headgate.App.Doctor;
using Headgate.App.Secrets;
using Headgate.App.Service;
using Headgate.Configuration;
using Headgate.Keys;

namespace Headgate.App.Commands;

/// <summary><c>headgate doctor</c>: is all well for the service here, and what is to be done if not.</summary>
internal static class DoctorCommand
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var (service, config, json) = (new ServeFlags(), ConfigOption.Create(), new Option<bool>("--json") { Description = "Write JSON." });
        var command = new Command("doctor", """
            Looks whether all is well for the service: configuration, keys, directory, disk, clock, ports, files, memory; and says what to do if not.

            Takes the options of serve. Exit 0 if the service would work, 3 if not.
            """)
        { config, json };
        foreach (var option in service.All)
            command.Options.Add(option);
        command.SetAction(parse =>
        {
            var findings = Look(ConfigurationSources.OfProcess(parse.GetValue(config), service.Read(parse)));
            var output = parse.InvocationConfiguration.Output;
            if (parse.GetValue(json))
                output.WriteLine(ToJson(findings));
            else
                foreach (var finding in findings)
                    output.WriteLine($"{finding.Health.ToString().ToLowerInvariant(),-4}  {finding.What,-7}  {finding.Text}{(finding.Cure is { } cure ? $"\n               → {cure}" : "")}");
            return (int)(findings.Exists(finding => finding.Health == Health.Fail) ? ExitCode.Configuration : ExitCode.Ok);
        });
        return command;
    }

    private static List<Finding> Look(ConfigurationSources sources)
    {
        var reading = ConfigurationReader.Read(sources);
        var configuration = reading.Configuration;
        var findings = reading.Errors.Select(error => Finding.Fail("config", error.ToString(), "see headgate config schema")).ToList();
        if (findings.Count == 0)
            findings.Add(Finding.Ok("config", reading.File is { } file ? $"{file} is valid" : "there is none: the defaults hold"));
        findings.AddRange(configuration.Upstreams.Where(api => api.Keys is not null).Select(api => LookAtKeys(api, sources, reading.Directory)));
        findings.AddRange(configuration.ProxyPools.Select(pool => Look("proxies", pool.Name, () => ApiSources.Describe(pool, ApiSources.ProxiesOf(pool).Count))));
        findings.AddRange(configuration.Upstreams.Where(api => api.OAuth is not null).Select(api => Look("oauth", api.Name, () =>
        {
            ApiSources.CheckSecret(api);
            return $"the secret of {api.Name} is there";
        })));
        var data = Path.GetFullPath(configuration.Serve.Data, sources.Directory);
        findings.AddRange(new DataExamination(data, configuration.Jobs.Store.Kind == JobPlaceKind.Sqlite ? configuration.Jobs.Store.Path ?? Path.Combine(data, Backup.Jobs) : null, TimeProvider.System).Look());
        findings.AddRange(PortExamination.Look(configuration.Serve));
        findings.AddRange(MachineExamination.Look(configuration));
        return findings;
    }

    private static Finding LookAtKeys(UpstreamConfiguration api, ConfigurationSources sources, string directory) =>
        Look("keys", api.Name, () => $"{KeyFile.Read(api.Keys!.From, sources.Environment, directory, SecretStore.KeysOfProcess).Count} of {api.Name}");

    /// <summary>How it is with what the configuration names.</summary>
    private static Finding Look(string what, string whose, Func<string> read)
    {
        try
        {
            return Finding.Ok(what, read());
        }
        catch (ConfigurationException wrong)
        {
            return Finding.Fail(what, $"{whose}: {string.Join("; ", wrong.Errors)}", "set the variable, write the file or fill the pool of the store that the configuration names");
        }
    }

    private static string ToJson(List<Finding> findings) => new JsonArray([.. findings.Select(finding => (JsonNode)new JsonObject
    {
        ["what"] = finding.What,
        ["health"] = finding.Health.ToString().ToLowerInvariant(),
        ["text"] = finding.Text,
        ["cure"] = finding.Cure,
    })]).ToJsonString(Readable);
}
