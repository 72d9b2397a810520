using Microsoft.Extensions.Options;

namespace Headgate.Hosting;

/// <summary>Tells all that is wrong with the options when the host starts, rather than at the first request.</summary>
internal sealed class OptionsCheck : IValidateOptions<HeadgateOptions>
{
    public ValidateOptionsResult Validate(string? name, HeadgateOptions options)
    {
        var faults = options.FindFaults();
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
